"""The command for rate limits."""

from __future__ import annotations

from client.commands.command import GROUP, Argument, Arguments, Command, Context, Kind
from client.core.bandwidth.throttle import Direction
from client.results.settings import LimitsResult
from common.errors import ErrorCode, MinitorrentError
from common.rates import parse_rate


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
    return limits.set(direction, parse_rate(rate), group, name)


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
