"""The database's history: one step a file in `versions`, applied when an older file is opened."""
