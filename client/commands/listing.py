"""The arguments and options that all list commands share: pattern, sort order and limit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import cast, get_args

from client.commands.command import Argument, Arguments, Context, Kind, Option
from client.services.paging import USUAL_LIMIT
from common.api.files import Sort
from common.api.model import NAME
from common.errors import ErrorCode, MinitorrentError

PATTERN = Argument("PATTERN", Kind.PATTERN, optional=True)
LIMIT = Option(
    "limit", "show at most N rows, 0 for all (default: 1,000)", value="N", kind=Kind.COUNT
)
SORT = Option("sort", "sort by name, size, age or seeders", value="ORDER", kind=Kind.ORDER)
BEFORE = Option("before", "show events older than this ID", value="ID", kind=Kind.COUNT)

_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")
"""A number as typed, which the database's integers can hold."""

_ORDERS = get_args(Sort)


def settle_pattern(_: Context, arguments: Arguments) -> Arguments:
    """Take a single word that can't be a group's name for the pattern: `list_files *.mkv`."""
    if len(arguments.words) != 1 or NAME.match(arguments.words[0]):
        return arguments
    values = {name: value for name, value in arguments.values.items() if name != "GROUP"}
    return replace(arguments, values={**values, "PATTERN": arguments.words[0]})


def pattern(arguments: Arguments) -> str:
    """Return the pattern, or "" if there is none."""
    return arguments.optional("PATTERN") or ""


def limit(arguments: Arguments) -> int:
    """Return the maximum number of rows, 0 for all; raises MinitorrentError(usage)."""
    found = number(arguments, "limit")
    return USUAL_LIMIT if found is None else found


def number(arguments: Arguments, option: str) -> int | None:
    """Return an option's number, or None if it is left out; raises MinitorrentError(usage)."""
    typed = arguments.optional(option)
    if typed is None:
        return None
    if not _WHOLE_NUMBER.fullmatch(typed):
        raise MinitorrentError(
            ErrorCode.USAGE, f"--{option} takes a whole number, such as 100, not {typed!r}."
        )
    return int(typed)


def row_id(arguments: Arguments, row: str, command: str) -> int:
    """Return the ID of a `row` that `command` lists; raises MinitorrentError(usage)."""
    typed = arguments.text("ID")
    if not _WHOLE_NUMBER.fullmatch(typed):
        raise MinitorrentError(
            ErrorCode.USAGE, f"{typed!r} is not the ID of {row}; list them with: {command}"
        )
    return int(typed)


def choice(typed: str, choices: Sequence[str], what: str) -> str:
    """Return what was typed if it is one of the choices; raises MinitorrentError(usage)."""
    if typed not in choices:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{what} is one of {', '.join(choices)}, not {typed!r}."
        )
    return typed


def order(arguments: Arguments) -> Sort:
    """Return the order to sort files by; raises MinitorrentError(usage)."""
    typed = arguments.optional("sort") or "name"
    if typed not in _ORDERS:
        raise MinitorrentError(
            ErrorCode.USAGE, f"--sort takes one of {', '.join(_ORDERS)}, not {typed!r}."
        )
    return cast(Sort, typed)
