"""Pattern matching of names, the same on every database."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    column,
    func,
    literal,
    select,
)
from sqlalchemy import table as plain_table
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

from tracker.domain.name_parts import parts_of
from tracker.domain.paging import as_like
from tracker.store.tables import REMEMBERED, files, groups, users

RARE = 500
"""A pattern that so many names may match, of all in a table, is looked up by the parts of names.
Of others, the first are found soon by going through the names in their order.
"""

_COMMON_SECONDS = 60.0
_MOST_COMMON = 1000

Lookup = Literal["", "sqlite", "postgresql"]
"""How the names are found that may match a pattern: by an index of this database, or not."""

_PARTS = {files: "file_parts", groups: "group_parts", users: "user_parts"}
"""The index of each table's names, on SQLite a table of its own."""

_ESCAPE = "\\"


class _AsciiLike(FunctionElement[bool]):
    """LIKE that ignores only ASCII case, as SQLite's own does."""

    inherit_cache = True
    type = Boolean()
    collation = "C"
    """Of PostgreSQL: it defines upper and lower case."""


class _AnyLike(FunctionElement[bool]):
    """LIKE that ignores case in any script; on SQLite through our own `lower`."""

    inherit_cache = True
    type = Boolean()
    collation = "und-x-icu"


@compiles(_AsciiLike)
@compiles(_AnyLike)
def _compile(element: _AsciiLike | _AnyLike, compiler: Any, **options: Any) -> str:
    column, like = element.clauses
    test = column.collate(element.collation).ilike(like, escape=_ESCAPE)
    return str(compiler.process(test, **options))


@compiles(_AsciiLike, "sqlite")
def _compile_for_sqlite(element: _AsciiLike, compiler: Any, **options: Any) -> str:
    column, like = element.clauses
    return str(compiler.process(column.like(like, escape=_ESCAPE), **options))


@compiles(_AnyLike, "sqlite")
def _compile_any_for_sqlite(element: _AnyLike, compiler: Any, **options: Any) -> str:
    column, like = element.clauses
    return str(compiler.process(column.ilike(like, escape=_ESCAPE), **options))


def fits(
    column: ColumnElement[str] | InstrumentedAttribute[str], pattern: str
) -> ColumnElement[bool]:
    """Condition that a column matches a pattern (see common.api.paging), ignoring case."""
    like = as_like(pattern)
    kind = _AsciiLike if like.isascii() else _AnyLike
    return kind(column, literal(like))


class Lookups:
    """Decides for the patterns of one unit of work how to find the rows of a table."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._connection = connection
        self._table = table
        self._known: dict[str, Lookup] = {}

    def of(self, pattern: str) -> Lookup:
        """Return how the names that may match a pattern are found: by an index, if it has few."""
        known = self._known.get(pattern)
        if known is None:
            known = self._known[pattern] = self._decide(pattern)
        return known

    def _decide(self, pattern: str) -> Lookup:
        if not parts_of(pattern):
            return ""
        is_postgresql = self._connection.dialect.name == "postgresql"
        lookup: Lookup = "postgresql" if is_postgresql else "sqlite"
        if _common.has(self._table.name, pattern):
            return ""
        statement = _count_candidates(self._table, pattern, lookup)
        if self._connection.execute(statement).scalar_one() <= RARE:
            return lookup
        _common.add(self._table.name, pattern)
        return ""


class _CommonPatterns:
    """Patterns that many names match: to find that out takes a while on PostgreSQL. Thread-safe.

    They are remembered for all databases: if there are few such names in another one, or in this
    one by now, they are found in another way.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: OrderedDict[tuple[str, str], float] = OrderedDict()

    def has(self, table: str, pattern: str) -> bool:
        with self._lock:
            return time.monotonic() < self._until.get((table, pattern), 0.0)

    def add(self, table: str, pattern: str) -> None:
        with self._lock:
            self._until[table, pattern] = time.monotonic() + _COMMON_SECONDS
            self._until.move_to_end((table, pattern))
            if len(self._until) > _MOST_COMMON:
                self._until.popitem(last=False)


_common = _CommonPatterns()


def may_fit(table: Table, pattern: str, lookup: Lookup) -> ColumnElement[bool]:
    """Condition that a row's name has all parts of a pattern; necessary for it, not sufficient."""
    parts = parts_of(pattern)
    if lookup == "postgresql":
        has = func.name_parts(table.c.name).op("@>", is_comparison=True)
        return has(literal(list(parts), ARRAY(Text)))
    return table.c.id.in_(_in_sqlite(table, parts))


def _in_sqlite(table: Table, parts: Sequence[str]) -> Select[Any]:
    index = plain_table(_PARTS[table], column("rowid"), column(_PARTS[table]))
    is_match = index.c[index.name].op("MATCH", is_comparison=True)(all_of(parts))
    return select(index.c.rowid).where(is_match)


def all_of(parts: Sequence[str]) -> str:
    """Return what SQLite's full-text index is asked for rows that have all these parts."""
    return " AND ".join('"' + part.replace('"', '""') + '"' for part in parts)


@lru_cache(3 * REMEMBERED)
def _count_candidates(table: Table, pattern: str, lookup: Lookup) -> Select[Any]:
    if lookup == "sqlite":
        found = _in_sqlite(table, parts_of(pattern))
    else:
        found = select(table.c.id).where(may_fit(table, pattern, lookup))
    return select(func.count()).select_from(found.limit(RARE + 1).subquery())
