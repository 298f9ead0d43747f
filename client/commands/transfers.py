"""Commands for this client's downloads and shares."""

from __future__ import annotations

import math
import re

from client.commands.command import GROUP, YES, Argument, Arguments, Command, Context, Kind
from client.commands.download_list import SHOW_DOWNLOADS
from client.commands.transfer_names import change_each, chosen_names, settle_names
from client.core.transfers.download_options import PRIORITIES
from client.results.transfers import (
    PeersResult,
    PriorityResult,
    SharesResult,
    TransferResult,
    TransfersResult,
    WaitResult,
)
from common.errors import ErrorCode, MinitorrentError
from common.text import visible

_PRIORITY = re.compile(r"[-+]?[0-9]{1,9}")
_DOWNLOAD = (GROUP, Argument("NAME", Kind.DOWNLOAD))
_TRANSFER = (GROUP, Argument("NAME", Kind.TRANSFER))
_DOWNLOADS = (GROUP, Argument("NAME", Kind.DOWNLOAD, many=True))
_TRANSFERS = (GROUP, Argument("NAME", Kind.TRANSFER, many=True))
_PATTERNS = " NAME may be a pattern, in which * matches anything and ? one character."


def _show_shares(context: Context, _: Arguments) -> SharesResult:
    return context.session.transfers.shares()


def _peers(context: Context, arguments: Arguments) -> PeersResult:
    return context.session.transfers.peers(context.group(arguments), arguments.text("NAME"))


def _pause(context: Context, arguments: Arguments) -> TransferResult | TransfersResult:
    names = chosen_names(context, arguments, Kind.TRANSFER)
    return change_each(context, arguments, names, context.session.transfers.pause, "paused")


def _resume(context: Context, arguments: Arguments) -> TransferResult | TransfersResult:
    names = chosen_names(context, arguments, Kind.TRANSFER)
    return change_each(context, arguments, names, context.session.transfers.resume, "resumed")


def _cancel(context: Context, arguments: Arguments) -> TransferResult | TransfersResult:
    group, names = context.group(arguments), chosen_names(context, arguments, Kind.DOWNLOAD)
    if len(names) == 1:
        question = f"Cancel {visible(names[0])} ({visible(group)}) and delete its partial data?"
    else:
        question = f"Cancel {len(names):,} downloads in {visible(group)} and delete their data?"
    context.require(question, arguments)
    return change_each(context, arguments, names, context.session.transfers.cancel, "cancelled")


def _recheck(context: Context, arguments: Arguments) -> TransferResult | TransfersResult:
    names = chosen_names(context, arguments, Kind.TRANSFER)
    change = context.session.transfers.recheck
    return change_each(context, arguments, names, change, "being checked")


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
        " has everything, E everything is encrypted, e only the handshake was. Route: direct (one"
        " side dialled the other), mapped (the same, at a port that a router maps), called (the"
        " tracker had the other side dial), punched (both dialled at once, through their routers),"
        " relayed (a tracker passes everything on).",
        example="peers lab film.mkv",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="pause",
        topic="transfers",
        summary="pause transfers",
        run=_pause,
        arguments=_TRANSFERS,
        settle=settle_names,
        details="The data downloaded so far is kept; continue with resume." + _PATTERNS,
        example="pause lab film.mkv",
        answer="{name} ({group}) is {state}",
        answer_many="Paused {count} in {group}: {names}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="resume",
        topic="transfers",
        summary="resume paused or failed transfers",
        run=_resume,
        arguments=_TRANSFERS,
        settle=settle_names,
        details="The data on the disk is checked first, then the rest is downloaded." + _PATTERNS,
        example="resume lab film.mkv",
        answer="{name} ({group}) is {state}",
        answer_many="Resumed {count} in {group}: {names}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="cancel",
        topic="transfers",
        summary="cancel downloads and delete their partial data",
        run=_cancel,
        arguments=_DOWNLOADS,
        settle=settle_names,
        options=(YES,),
        details="A complete file is kept, and so is a copy that --resume was completing in place."
        + _PATTERNS,
        example="cancel lab film.mkv",
        answer="Cancelled the download of {name} ({group})",
        answer_many="Cancelled {count} in {group}: {names}",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="recheck",
        topic="transfers",
        summary="verify files on the disk, piece by piece",
        run=_recheck,
        arguments=_TRANSFERS,
        settle=settle_names,
        details="Wrong and missing pieces of a download are downloaded again and written in place."
        " A file of your own that you share is only read." + _PATTERNS,
        example="recheck lab film.mkv",
        answer="{name} ({group}) is {state}",
        answer_many="Verifying {count} in {group}: {names}",
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
