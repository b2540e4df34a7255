"""How the hub speaks with other systems: a kit, and one folder for each kind of system."""
