"""What the commands that list something have in common: a pattern, and how much is shown."""

from __future__ import annotations

import re
from typing import cast, get_args

from client.commands.command import Argument, Arguments, Kind, Option
from client.engine.lists import USUAL_LIMIT
from common.api.files import Sort
from common.errors import ErrorCode, MinitorrentError

PATTERN = Argument("PATTERN", Kind.PATTERN, optional=True)
LIMIT = Option(
    "limit", "show at most so many, 0 for all (default: 1,000)", value="N", kind=Kind.COUNT
)
SORT = Option("sort", "by name, size, age or seeders", value="ORDER", kind=Kind.ORDER)
BEFORE = Option("before", "show older ones, from where a list ended", value="ID", kind=Kind.COUNT)

_NUMBER = re.compile(r"[0-9]{1,18}")
_ORDERS = get_args(Sort)


def pattern(arguments: Arguments) -> str:
    """The pattern, "" where there is none."""
    return arguments.optional("PATTERN") or ""


def limit(arguments: Arguments, usual: int = USUAL_LIMIT) -> int:
    """How many rows are wanted, 0 for all; raises MinitorrentError(usage)."""
    found = number(arguments, "limit")
    return usual if found is None else found


def number(arguments: Arguments, option: str) -> int | None:
    """An option's number, None where it is left out; raises MinitorrentError(usage)."""
    typed = arguments.optional(option)
    if typed is None:
        return None
    if not _NUMBER.fullmatch(typed):
        raise MinitorrentError(
            ErrorCode.USAGE, f"--{option} takes a whole number, such as 100; {typed!r} is none."
        )
    return int(typed)


def order(arguments: Arguments) -> Sort:
    """What files are sorted by; raises MinitorrentError(usage)."""
    typed = arguments.optional("sort") or "name"
    if typed not in _ORDERS:
        raise MinitorrentError(
            ErrorCode.USAGE, f"--sort takes {', '.join(_ORDERS)}; {typed!r} is none of them."
        )
    return cast(Sort, typed)
