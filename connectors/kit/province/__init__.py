"""An invented, deterministic school province for the sandbox systems. Never imported by production."""
