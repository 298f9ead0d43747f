"""The tracker's operations: each one's request, reply and errors, defined once."""
