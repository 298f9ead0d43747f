"""What an operator does beside running trackers: the words that can follow the program's name."""
