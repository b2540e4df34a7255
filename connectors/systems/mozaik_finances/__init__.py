"""Mozaïk-Finances: the board's ERP, to which balanced journals are posted. See README.md."""
