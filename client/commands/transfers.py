"""Commands on this client's downloads and shares."""

from __future__ import annotations

import math
import re

from client.commands.command import Argument, Arguments, Command, Context, Kind
from client.core.download_options import PRIORITIES
from client.engine.results import (
    DownloadsResult,
    PeersResult,
    PriorityResult,
    SharesResult,
    TransferResult,
    WaitResult,
)
from common.errors import ErrorCode, MinitorrentError

_PRIORITY = re.compile(r"[-+]?[0-9]{1,9}")
_GROUP = Argument("GROUP", Kind.GROUP, optional=True)
_DOWNLOAD = (_GROUP, Argument("NAME", Kind.DOWNLOAD))
_TRANSFER = (_GROUP, Argument("NAME", Kind.TRANSFER))


def _show_downloads(context: Context, _: Arguments) -> DownloadsResult:
    return context.session.show_downloads()


def _show_shares(context: Context, _: Arguments) -> SharesResult:
    return context.session.show_shares()


def _peers(context: Context, arguments: Arguments) -> PeersResult:
    return context.session.peers(context.group(arguments), arguments.text("NAME"))


def _pause(context: Context, arguments: Arguments) -> TransferResult:
    return context.session.pause(context.group(arguments), arguments.text("NAME"))


def _resume(context: Context, arguments: Arguments) -> TransferResult:
    return context.session.resume(context.group(arguments), arguments.text("NAME"))


def _cancel(context: Context, arguments: Arguments) -> TransferResult:
    return context.session.cancel(context.group(arguments), arguments.text("NAME"))


def _recheck(context: Context, arguments: Arguments) -> TransferResult:
    return context.session.recheck(context.group(arguments), arguments.text("NAME"))


def _priority(context: Context, arguments: Arguments) -> PriorityResult:
    return context.session.priority(
        context.group(arguments), arguments.text("NAME"), _priority_number(arguments.text("N"))
    )


def _priority_number(typed: str) -> int:
    """Read a priority; raises MinitorrentError(usage)."""
    if not _PRIORITY.fullmatch(typed) or int(typed) not in PRIORITIES:
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"{typed!r} is not a whole number from {PRIORITIES[0]} to {PRIORITIES[-1]}; write for"
            " example: priority lab film.mkv 10",
        )
    return int(typed)


def _wait(context: Context, arguments: Arguments) -> WaitResult:
    typed = arguments.optional("SECONDS")
    seconds = None if typed is None else _seconds(typed)
    result = context.session.wait(seconds, context.cancelled)
    if not result.completed and not result.failed and context.cancelled():
        raise MinitorrentError(ErrorCode.TIMEOUT, "Stopped waiting; the downloads go on.")
    return result


def _seconds(typed: str) -> float:
    """Read a number of seconds; raises MinitorrentError(usage)."""
    try:
        seconds = float(typed)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{typed!r} is not a number of seconds; write for example: wait 60"
        )
    return seconds


COMMANDS = (
    Command(
        name="show_downloads",
        topic="transfers",
        summary="show your downloads and how far they are",
        run=_show_downloads,
        details="[D] downloading, [C] complete (and seeding), [P] paused, [Q] queued or being"
        " checked, [F] failed.",
        example="show_downloads",
    ),
    Command(
        name="show_shares",
        topic="transfers",
        summary="show what you offer, and how much was fetched",
        run=_show_shares,
        details="What you downloaded is offered too, as long as this client runs.",
        example="show_shares",
    ),
    Command(
        name="peers",
        topic="transfers",
        summary="show whom a file is exchanged with",
        run=_peers,
        arguments=_TRANSFER,
        details="Flags: D downloading from it, d it chokes us, U uploading to it, u we choke it,"
        " O optimistic unchoke, I it dialled us, S snubbed, X it has everything.",
        example="peers lab film.mkv",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="pause",
        topic="transfers",
        summary="stop a transfer for now",
        run=_pause,
        arguments=_TRANSFER,
        details="What is there is kept; resume goes on with it.",
        example="pause lab film.mkv",
        answer="{name} ({group}) is {state}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="resume",
        topic="transfers",
        summary="go on with a paused or failed transfer",
        run=_resume,
        arguments=_TRANSFER,
        details="It is checked what is on the disk, and the rest is fetched.",
        example="resume lab film.mkv",
        answer="{name} ({group}) is {state}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="cancel",
        topic="transfers",
        summary="give a download up and remove what came of it",
        run=_cancel,
        arguments=_DOWNLOAD,
        details="A complete file is kept, and so is one that was to be completed in place.",
        example="cancel lab film.mkv",
        answer="The download of {name} ({group}) is cancelled",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="recheck",
        topic="transfers",
        summary="verify a file on the disk, piece by piece",
        run=_recheck,
        arguments=_TRANSFER,
        details="Pieces of a download that are wrong or missing are fetched again and written where"
        " they belong; your own file, which you share, is only looked at.",
        example="recheck lab film.mkv",
        answer="{name} ({group}) is {state}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="priority",
        topic="transfers",
        summary="say how soon a download gets its turn",
        run=_priority,
        arguments=(*_DOWNLOAD, Argument("N", Kind.NUMBER)),
        details="Only so many downloads run at once (see the client's option --active); of those"
        " that wait, the one with the highest N is next, the oldest of several. N is a whole number"
        f" from {PRIORITIES[0]} to {PRIORITIES[-1]}, 0 at first. What runs goes on running.",
        example="priority lab film.mkv 10",
        answer="{name} ({group}) has priority {priority}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="wait",
        topic="transfers",
        summary="wait until no download runs any more",
        run=_wait,
        arguments=(Argument("SECONDS", Kind.SECONDS, optional=True),),
        details="With SECONDS, it is an error (timeout) when downloads still run then. Ctrl-C stops"
        " waiting; the downloads go on.",
        example="wait 60",
        errors=(ErrorCode.NO_PEERS,),
        waits=True,
    ),
)
