"""Commands for this client's downloads and shares."""

from __future__ import annotations

import math
import re

from client.commands.command import GROUP, YES, Argument, Arguments, Command, Context, Kind
from client.commands.download_list import SHOW_DOWNLOADS
from client.core.transfers.download_options import PRIORITIES
from client.results import (
    PeersResult,
    PriorityResult,
    SharesResult,
    TransferResult,
    WaitResult,
)
from common.errors import ErrorCode, MinitorrentError
from common.text import visible

_PRIORITY = re.compile(r"[-+]?[0-9]{1,9}")
_DOWNLOAD = (GROUP, Argument("NAME", Kind.DOWNLOAD))
_TRANSFER = (GROUP, Argument("NAME", Kind.TRANSFER))


def _show_shares(context: Context, _: Arguments) -> SharesResult:
    return context.session.transfers.shares()


def _peers(context: Context, arguments: Arguments) -> PeersResult:
    return context.session.transfers.peers(context.group(arguments), arguments.text("NAME"))


def _pause(context: Context, arguments: Arguments) -> TransferResult:
    return context.session.transfers.pause(context.group(arguments), arguments.text("NAME"))


def _resume(context: Context, arguments: Arguments) -> TransferResult:
    return context.session.transfers.resume(context.group(arguments), arguments.text("NAME"))


def _cancel(context: Context, arguments: Arguments) -> TransferResult:
    group, name = context.group(arguments), arguments.text("NAME")
    question = f"Cancel {visible(name)} ({visible(group)}) and delete its partial data?"
    context.require(question, arguments)
    return context.session.transfers.cancel(group, name)


def _recheck(context: Context, arguments: Arguments) -> TransferResult:
    return context.session.transfers.recheck(context.group(arguments), arguments.text("NAME"))


def _priority(context: Context, arguments: Arguments) -> PriorityResult:
    return context.session.transfers.set_priority(
        context.group(arguments), arguments.text("NAME"), _priority_number(arguments.text("N"))
    )


def _priority_number(typed: str) -> int:
    """Parse a priority; raises MinitorrentError(usage)."""
    if not _PRIORITY.fullmatch(typed) or int(typed) not in PRIORITIES:
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"{typed!r} is not a whole number from {PRIORITIES[0]} to {PRIORITIES[-1]}; for"
            " example: priority lab film.mkv 10",
        )
    return int(typed)


def _wait(context: Context, arguments: Arguments) -> WaitResult:
    typed = arguments.optional("SECONDS")
    seconds = None if typed is None else _seconds(typed)
    result = context.session.transfers.wait(seconds, context.cancelled)
    if not result.completed and not result.failed and context.cancelled():
        raise MinitorrentError(ErrorCode.TIMEOUT, "Stopped waiting; the downloads continue.")
    return result


def _seconds(typed: str) -> float:
    """Parse a number of seconds; raises MinitorrentError(usage)."""
    try:
        seconds = float(typed)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{typed!r} is not a number of seconds; for example: wait 60"
        )
    return seconds


COMMANDS = (
    SHOW_DOWNLOADS,
    Command(
        name="show_shares",
        topic="transfers",
        summary="show your shares and how much was uploaded",
        run=_show_shares,
        details="Completed downloads are shared too while this client runs.",
        example="show_shares",
    ),
    Command(
        name="peers",
        topic="transfers",
        summary="show the peers of a transfer",
        run=_peers,
        arguments=_TRANSFER,
        details="Flags: D downloading from the peer, d the peer chokes us, U uploading to the peer,"
        " u we choke the peer, O optimistic unchoke, I incoming connection, S snubbed, X the peer"
        " has everything.",
        example="peers lab film.mkv",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="pause",
        topic="transfers",
        summary="pause a transfer",
        run=_pause,
        arguments=_TRANSFER,
        details="The data downloaded so far is kept; continue with resume.",
        example="pause lab film.mkv",
        answer="{name} ({group}) is {state}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="resume",
        topic="transfers",
        summary="resume a paused or failed transfer",
        run=_resume,
        arguments=_TRANSFER,
        details="The data on the disk is checked first, then the rest is downloaded.",
        example="resume lab film.mkv",
        answer="{name} ({group}) is {state}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="cancel",
        topic="transfers",
        summary="cancel a download and delete its partial data",
        run=_cancel,
        arguments=_DOWNLOAD,
        options=(YES,),
        details="A complete file is kept, and so is a copy that --resume was completing in place.",
        example="cancel lab film.mkv",
        answer="Cancelled the download of {name} ({group})",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="recheck",
        topic="transfers",
        summary="verify a file on the disk, piece by piece",
        run=_recheck,
        arguments=_TRANSFER,
        details="Wrong and missing pieces of a download are downloaded again and written in place."
        " A file of your own that you share is only read.",
        example="recheck lab film.mkv",
        answer="{name} ({group}) is {state}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="priority",
        topic="transfers",
        summary="set the priority of a queued download",
        run=_priority,
        arguments=(*_DOWNLOAD, Argument("N", Kind.NUMBER)),
        details="The client limits how many downloads run at once (option --active). Of the queued"
        " ones, the one with the highest N starts next; among equals, the oldest. N is a whole"
        f" number from {PRIORITIES[0]} to {PRIORITIES[-1]} (default: 0). Running downloads are not"
        " affected.",
        example="priority lab film.mkv 10",
        answer="{name} ({group}) has priority {priority}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="wait",
        topic="transfers",
        summary="wait until all downloads have ended",
        run=_wait,
        arguments=(Argument("SECONDS", Kind.SECONDS, optional=True),),
        details="With SECONDS, returns an error (timeout) if downloads are still running by then."
        " Ctrl-C stops waiting; the downloads continue.",
        example="wait 60",
        errors=(ErrorCode.NO_PEERS,),
        waits=True,
    ),
)
