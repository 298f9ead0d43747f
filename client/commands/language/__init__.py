"""The language of the prompt: what the words of a line stand for."""
