"""Attacks by one party on others; each has a control that shows the honest case."""
