"""One folder for each connector, found by looking (connectors.kit.load)."""
