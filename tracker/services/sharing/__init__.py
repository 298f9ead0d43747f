"""What groups share, and who is there to exchange it with."""
