"""How well a swarm uses its upload capacity, simulated and with real clients."""
