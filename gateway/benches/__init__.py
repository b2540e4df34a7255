"""What `passerelle bench` measures beside the peers: jobs that are run in processes of their own."""
