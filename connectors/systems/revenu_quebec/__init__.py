"""Revenu Québec: transmissions of RL-24 slips, dropped in a folder. See README.md."""
