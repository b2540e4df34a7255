"""Ed-Fi, pupils and schools of a district over REST. Loaded by name only (connectors.kit.load)."""
