"""What a client with very many shares and transfers costs; run it with `python -m`."""
