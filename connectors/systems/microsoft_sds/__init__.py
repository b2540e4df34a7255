"""Microsoft School Data Sync: sets of CSV files, dropped in a folder. See README.md."""
