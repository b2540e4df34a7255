"""Geobus, the school transport of a board. Loaded by name only (connectors.kit.load)."""
