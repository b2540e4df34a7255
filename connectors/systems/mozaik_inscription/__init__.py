"""Mozaïk-Inscription, where families answer. Loaded by name only (connectors.kit.load)."""
