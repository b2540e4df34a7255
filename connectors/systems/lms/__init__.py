"""LMS, a learning platform that comes to the hub. Loaded by name only (connectors.kit.load)."""
