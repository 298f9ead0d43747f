"""The rows of the table: what transfers to what, and which programs that takes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks import hashing, transfers
from benchmarks.meter import Sample

Row: TypeAlias = Callable[[Path, Path], Sample]
"""Measures once: takes the content, and an empty folder to work in."""

LIMIT: Final = "limit: socket, SHA-1, write"
OPEN: Final = "open: ours"
LIBTORRENT: Final = "open: libtorrent"
ARIA2: Final = "open: aria2"
TO_LIBTORRENT: Final = "open: ours to libtorrent"
FROM_LIBTORRENT: Final = "open: libtorrent to ours"
FOUR: Final = "open: ours, four seeders"
SEALED: Final = "sealed: ours"
SSL: Final = "sealed: libtorrent (SSL torrent)"
HASH: Final = "hash for upload: ours"
MKTORRENT: Final = "hash for upload: mktorrent"

ROWS: Final[dict[str, Row]] = {
    LIMIT: transfers.bare,
    OPEN: transfers.ours_to_ours,
    LIBTORRENT: transfers.libtorrent_to_libtorrent,
    ARIA2: transfers.aria2_to_aria2,
    TO_LIBTORRENT: transfers.ours_to_libtorrent,
    FROM_LIBTORRENT: transfers.libtorrent_to_ours,
    FOUR: partial(transfers.ours_to_ours, seeders=4),
    SEALED: partial(transfers.ours_to_ours, sealed=True),
    SSL: transfers.sealed_libtorrent_to_libtorrent,
    HASH: hashing.minitorrent,
    MKTORRENT: hashing.mktorrent,
}

HASHING: Final = (HASH, MKTORRENT)
"""The rows that transfer nothing."""

_PROGRAMS: Final = {ARIA2: "aria2c", MKTORRENT: "mktorrent"}


def missing_program(name: str) -> str:
    """Return the program that a row needs and this machine lacks; empty if there is none."""
    program = _PROGRAMS.get(name, "")
    return "" if not program or shutil.which(program) else program
