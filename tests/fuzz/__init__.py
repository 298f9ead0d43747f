"""Fuzzing of every decoder; see `tests.fuzz.__main__` for more than a second of it."""

from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
"""A folder of inputs for each target."""
