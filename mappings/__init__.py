"""What each system says, in our words: mapping files (data), and the engine that runs them."""
