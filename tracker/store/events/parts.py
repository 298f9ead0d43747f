"""An index of the parts of events, by which a pattern finds few of millions.

It has blocks of BLOCK successive ids rather than single events, and gets them some time after they
were recorded: to record an event costs nothing more, and the index is small. Whoever searches
compares the pattern with the newest events, which aren't in it yet, and with those of the blocks
that have all its parts. So an index that is behind is slow, but never wrong.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    Text,
    TextClause,
    bindparam,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from tracker.domain.name_parts import parts_of
from tracker.store.matching import all_of
from tracker.store.tables import NEWEST_EVENT, REMEMBERED, events

BLOCK: Final = 64
"""Successive ids in a block."""

_MOST: Final = 10_000
"""Blocks that one look-up returns."""

_ROWS: Final = {0: "actor || ' ' || kind || ' ' || subject", 1: "text"}
"""A block has two rows: that with twice its number has what the audit shows, the next one the texts
of notices.
"""

_PARTS = table("event_parts", column("rowid", Integer), column("parts"), column("event_parts"))
"""The index: on SQLite, a full-text index, whose name is a column, too."""

_LAST = select(_PARTS.c.rowid).order_by(_PARTS.c.rowid.desc()).limit(1)
_NEXT = select(func.min(events.c.id), NEWEST_EVENT).where(events.c.id >= bindparam("first"))


def _add_on_sqlite(row: int, words: str) -> TextClause:
    return text(
        "INSERT INTO event_parts (rowid, parts)"
        f" SELECT id / {BLOCK} * 2 + {row}, group_concat({words}, ' ') FROM events"
        f" WHERE id >= :first AND id < :below GROUP BY id / {BLOCK}"
    )


def _add_on_postgresql(row: int, words: str) -> TextClause:
    """Return the statement that adds the parts of all events of a block, as `name_parts` has them.

    Cutting texts is most of the work. Bytes are cut several times as quickly as characters, which
    are the same in ASCII; and without MATERIALIZED, each piece would be put into lower case anew.
    """
    return text(
        f"WITH folded AS MATERIALIZED (SELECT id / {BLOCK} AS block,"
        f' lower(({words}) COLLATE "und-x-icu") COLLATE "C" AS words'
        " FROM events WHERE id >= :first AND id < :below),"
        " encoded AS MATERIALIZED (SELECT *, convert_to(words, 'UTF8') AS bytes FROM folded),"
        " cut AS (SELECT DISTINCT block,"
        " substring(bytes FROM generate_series(1, length(bytes) - 2) FOR 3) AS part"
        " FROM encoded WHERE length(bytes) = length(words)),"
        " cut_by_characters AS (SELECT block,"
        " substr(words, generate_series(1, length(words) - 2), 3) AS part"
        " FROM encoded WHERE length(bytes) > length(words)),"
        " parts AS (SELECT block, convert_from(part, 'UTF8') AS part FROM cut"
        " UNION SELECT block, part FROM cut_by_characters)"
        " INSERT INTO event_parts (rowid, parts)"
        f" SELECT block * 2 + {row}, array_agg(part) FROM parts GROUP BY block"
    )


_ADD = {
    "sqlite": [_add_on_sqlite(*row) for row in _ROWS.items()],
    "postgresql": [_add_on_postgresql(*row) for row in _ROWS.items()],
}


class EventPartsRepository:
    """The index, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute
        self._kind = connection.dialect.name

    def end(self) -> int:
        """Return the smallest id of an event that is not in the index."""
        last = self._run(_LAST).scalar()
        return 0 if last is None else (last // 2 + 1) * BLOCK

    def blocks(self, pattern: str, below: int, *, of_texts: bool) -> list[int]:
        """Return the last blocks before one that have all parts of a pattern, the last one first:
        in texts of notices, or in what the audit shows.

        Not more than 10,000; the pattern has parts.
        """
        statement = _having(pattern, self._kind, of_texts)
        return [row // 2 for row in self._run(statement, {"below": 2 * below}).scalars()]

    def extend(self, most: int) -> bool:
        """Add the next blocks, at most so many; return whether there are more.

        Only while no event is being recorded, in a unit of work that takes its turn to write.
        """
        next_id, newest = self._run(_NEXT, {"first": self.end()}).one()
        end = newest // BLOCK  # to the last block, events may be added
        if next_id is None or next_id // BLOCK == end:
            return False
        first = next_id // BLOCK
        below = min(first + most, end)
        for statement in _ADD[self._kind]:
            self._run(statement, {"first": first * BLOCK, "below": below * BLOCK})
        return bool(below < end)


@lru_cache(2 * REMEMBERED)
def _having(pattern: str, kind: str, of_texts: bool) -> Select[int]:
    parts = parts_of(pattern)
    if kind == "postgresql":
        has = _PARTS.c.parts.op("@>", is_comparison=True)(literal(list(parts), ARRAY(Text)))
    else:
        has = _PARTS.c.event_parts.op("MATCH", is_comparison=True)(all_of(parts))
    is_one = _PARTS.c.rowid % literal_column("2", Integer) == int(of_texts)
    found = select(_PARTS.c.rowid).where(has, is_one, _PARTS.c.rowid < bindparam("below"))
    return found.order_by(_PARTS.c.rowid.desc()).limit(_MOST)
