"""OneRoster 1.2, a provider's roster as files. Loaded by name only (connectors.kit.load)."""
