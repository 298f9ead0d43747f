"""What the operator of a tracker does with its accounts and groups."""
