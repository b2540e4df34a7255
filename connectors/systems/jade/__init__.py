"""Jade (youth), what a board declares and receives. Loaded by name only (connectors.kit.load)."""
