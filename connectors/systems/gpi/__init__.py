"""GPI, the youth file of a board. Loaded by name only (connectors.kit.load)."""
