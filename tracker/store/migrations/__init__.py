"""The database's history: one step a file in `versions`, applied at every start."""
