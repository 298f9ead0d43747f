"""The command for rate limits."""

from __future__ import annotations

import re
from typing import Final

from client.commands.command import GROUP, Argument, Arguments, Command, Context, Kind
from client.core.bandwidth.throttle import Direction
from client.results import LimitsResult
from common.errors import ErrorCode, MinitorrentError

_RATE: Final = re.compile(r"(\d{1,15})(?:\.(\d{1,3}))?([KMG]?)", re.ASCII | re.IGNORECASE)
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_MAX_RATE: Final = 1 << 60  # fits the database's integers


def _limit(context: Context, arguments: Arguments) -> LimitsResult:
    limits = context.session.limits
    typed = arguments.optional("DIRECTION")
    if typed is None:
        return limits.list()
    direction = _direction(typed)
    rate = arguments.optional("RATE")
    if rate is None:
        return limits.list()
    group, name = _transfer(context, arguments)
    return limits.set(direction, _read_rate(rate), group, name)


def _transfer(context: Context, arguments: Arguments) -> tuple[str | None, str | None]:
    """Return the given transfer; a single name is a file in the group in use."""
    group, name = arguments.optional("GROUP"), arguments.optional("NAME")
    if group is None:
        return None, None
    if name is None:
        return context.group(Arguments({}, usage=arguments.usage)), group
    return group, name


def _direction(typed: str) -> Direction:
    if typed == "up":
        return "up"
    if typed == "down":
        return "down"
    raise MinitorrentError(
        ErrorCode.USAGE, f"{typed!r} is neither up nor down; for example: limit up 500K"
    )


def _read_rate(typed: str) -> int:
    """Parse bytes per second, such as `500K`, `1.5M` or `1000`; raises MinitorrentError(usage)."""
    match = _RATE.fullmatch(typed)
    if match is not None:
        whole, fraction, unit = match.groups(default="")
        scale = _UNITS[unit.upper()]
        rate = int(whole) * scale + int(fraction.ljust(3, "0")) * scale // 1000
        if (rate or not int(whole + fraction)) and rate <= _MAX_RATE:
            return rate
    raise MinitorrentError(
        ErrorCode.USAGE,
        f"{typed!r} is not a rate; give bytes per second, such as 500K or 2M, or 0 for no limit.",
    )


COMMANDS = (
    Command(
        name="limit",
        topic="transfers",
        summary="show or set upload and download limits",
        run=_limit,
        arguments=(
            Argument("DIRECTION", Kind.DIRECTION, optional=True),
            Argument("RATE", Kind.RATE, optional=True),
            GROUP,
            Argument("NAME", Kind.TRANSFER, optional=True),
        ),
        details="Without a file, limits all transfers together. Without RATE, shows the limits."
        " Limits stay in force, also after a restart, until you change them.",
        example="limit up 500K lab film.mkv",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
)
