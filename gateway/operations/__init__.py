"""Run the hub's processes on one machine: start, watch, stop, say what is missing. No record passes here."""
