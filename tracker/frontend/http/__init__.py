"""The HTTP frontend: for stock clients, for other programs, and for operators."""
