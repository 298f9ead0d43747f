"""Generates the man pages and shell completions.

All text comes from the two argument parsers and the client's registry of commands.
`tests/contract/test_reference.py` fails if the files in `docs/man` and `docs/completions` are not
up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from docs.reference.completions import bash, fish, zsh
from docs.reference.man_pages import man_page
from docs.reference.programs import programs

DOCS = Path(__file__).parents[1]


def documents() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its content."""
    for program in programs():
        yield DOCS / "man" / f"{program.name}.1", man_page(program)
        yield DOCS / "completions" / f"{program.name}.bash", bash(program)
        yield DOCS / "completions" / f"_{program.name}", zsh(program)
        yield DOCS / "completions" / f"{program.name}.fish", fish(program)
