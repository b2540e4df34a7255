"""May it leave, which sections, and why. Pure: days, rules and records are arguments; nothing is fetched."""
