"""Has the router at home pass connections from outside on to this client."""
