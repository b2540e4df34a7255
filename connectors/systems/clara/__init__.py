"""Clara: the college system that receives dossiers. See README.md."""
