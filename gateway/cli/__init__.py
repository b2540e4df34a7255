"""The command line: a door for people. It prints, knows the clock, and starts what the other doors need."""
