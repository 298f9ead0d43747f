"""What operators do with a whole database: check it, back it up, move it."""
