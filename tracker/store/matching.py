"""Pattern matching of names, the same on every database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

from tracker.domain.paging import as_like

_ESCAPE = "\\"
_ASCII = "C"
_ANY_SCRIPT = "und-x-icu"
"""PostgreSQL's collations, which define upper and lower case."""


class _AsciiLike(FunctionElement[bool]):
    """LIKE that ignores only ASCII case, as SQLite's own does."""

    inherit_cache = True
    type = Boolean()


class _AnyLike(FunctionElement[bool]):
    """LIKE that ignores case in any script; on SQLite through our own `lower`."""

    inherit_cache = True
    type = Boolean()


@compiles(_AsciiLike)
def _compile(element: _AsciiLike, compiler: Any, **options: Any) -> str:
    column, like = element.clauses
    test = column.collate(_ASCII).ilike(like, escape=_ESCAPE)
    return str(compiler.process(test, **options))


@compiles(_AsciiLike, "sqlite")
def _compile_for_sqlite(element: _AsciiLike, compiler: Any, **options: Any) -> str:
    column, like = element.clauses
    return str(compiler.process(column.like(like, escape=_ESCAPE), **options))


@compiles(_AnyLike)
def _compile_any(element: _AnyLike, compiler: Any, **options: Any) -> str:
    column, like = element.clauses
    test = column.collate(_ANY_SCRIPT).ilike(like, escape=_ESCAPE)
    return str(compiler.process(test, **options))


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
