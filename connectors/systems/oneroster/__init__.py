"""OneRoster 1.2, a provider's roster over REST. Loaded by name only (connectors.kit.load)."""
