"""How members reach each other from wherever they are."""
