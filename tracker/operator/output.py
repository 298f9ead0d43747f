"""Answers of the subcommands: tables and sentences for people, JSON for programs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from common.text import local_time, size, visible

RowT = TypeVar("RowT")
Row = Mapping[str, object]

PAGE = 1000
"""Rows read at a time, so that no list keeps the database's readers waiting."""

_NOTHING = "-"


def in_pages(
    read: Callable[[RowT | None, int], Sequence[RowT]], page: int = PAGE
) -> Iterator[RowT]:
    """Yield all rows of a list: `read` returns those after a row, at most so many."""
    last: RowT | None = None
    while rows := read(last, page):
        yield from rows
        if len(rows) < page:
            return
        last = rows[-1]


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses JSON."""
    parser.add_argument("--json", action="store_true", help="answer with a JSON object")


def listing(options: argparse.Namespace, name: str, rows: Sequence[Row]) -> str:
    """Return rows as a table, or as a JSON object with one list of this name."""
    if options.json:
        return json.dumps({name: rows})
    if not rows:
        return f"no {name}"
    heads = [head.replace("_", " ") for head in rows[0]]
    lines = [heads, *([_shown(key, value) for key, value in row.items()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def answer(options: argparse.Namespace, sentence: str, **result: object) -> str:
    """Return what was done, as a sentence or as a JSON object with these keys."""
    return json.dumps(result) if options.json else sentence


def iso(at: float | None) -> str | None:
    """Return a time as ISO 8601, UTC, to the second."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _shown(key: str, value: object) -> str:
    """Return a cell of a table: times in the reader's zone, sizes with units."""
    match value:
        case None | "" | False:
            return _NOTHING
        case True:
            return "yes"
        case int() if key == "bytes":
            return size(value)
        case str() if key in ("created", "blocked", "expires", "since"):
            return local_time(value)
        case _:
            return visible(str(value))
