"""SRAM: the school file of admission to the cégeps. See README.md."""
