"""The HTTP frontend, for stock clients, other programs and operators."""
