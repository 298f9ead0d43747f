"""Which pieces are where, summed up in as few cells as fit on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from common.bitfield import Bitfield


def runs(size: int, cells: int) -> list[range]:
    """Split `size` pieces into at most `cells` runs, as even as possible and none empty."""
    count = min(size, cells)
    bounds = [size * at // count for at in range(count + 1)] if count else [0]
    return [range(*pair) for pair in pairwise(bounds)]


def counts(field: Bitfield, of: Sequence[range]) -> list[int]:
    """Return how many pieces of each run are in the set."""
    bits = int.from_bytes(field.to_bytes(), "big")
    width = (field.size + 7) // 8 * 8
    return [(bits >> (width - run.stop) & (1 << len(run)) - 1).bit_count() for run in of]


def shares(field: Bitfield, of: Sequence[range]) -> list[float]:
    """Return the share of each run that is in the set, from 0 to 1."""
    return [count / len(run) for count, run in zip(counts(field, of), of, strict=True)]


def holders(fields: Sequence[Bitfield], of: Sequence[range]) -> list[int]:
    """Return, for each run, how many of the sets contain all of it."""
    found = [0] * len(of)
    for field in fields:
        for at, (count, run) in enumerate(zip(counts(field, of), of, strict=True)):
            found[at] += count == len(run)
    return found
