"""SPI, the intervention plans of a board. Loaded by name only (connectors.kit.load)."""
