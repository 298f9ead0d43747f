"""Members that sit in different places of a small internet."""
