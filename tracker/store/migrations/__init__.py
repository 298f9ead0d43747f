"""Database migrations, one per file in `versions`, applied at every start."""
