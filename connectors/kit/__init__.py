"""What all connectors share. Knows no system by name."""
