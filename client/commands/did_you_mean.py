"""A wrong name in a command, and the one that was most likely meant."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING

from client.commands.command import Argument, Kind
from client.commands.parsing import Invocation, quote
from client.storage.typed_path import typed_path
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.engine.session import Session

_LIKENESS = 0.6
"""How much of two names has to be the same, as difflib measures it; 1 is all."""

_MOST_NAMES = 20_000

_WRONG: Mapping[ErrorCode, frozenset[Kind]] = {
    ErrorCode.NO_SUCH_GROUP: frozenset({Kind.GROUP, Kind.ANY_GROUP}),
    ErrorCode.NO_SUCH_USER: frozenset({Kind.USER, Kind.REQUESTER}),
    ErrorCode.NOT_MEMBER: frozenset({Kind.USER}),
    ErrorCode.NO_SUCH_REQUEST: frozenset({Kind.REQUESTER}),
    ErrorCode.NO_SUCH_FILE: frozenset({Kind.FILE, Kind.DOWNLOAD, Kind.SHARE, Kind.TRANSFER}),
    ErrorCode.FILE_NOT_FOUND: frozenset({Kind.PATH}),
}
"""Which arguments a failure is about."""


def corrected(
    error: MinitorrentError, invocation: Invocation, session: Session
) -> MinitorrentError:
    """The error with "Did you mean NAME?" where one that exists is much like the one typed.

    Names come from the session, the group's from the tracker that has just refused the command;
    when it can't be asked any more, the error stays as it is.
    """
    kinds = _WRONG.get(error.code, frozenset())
    for argument in invocation.command.arguments:
        typed = invocation.arguments.optional(argument.name)
        if argument.kind in kinds and typed is not None:
            group = invocation.arguments.optional("GROUP") or session.overview().group
            with suppress(MinitorrentError, OSError):
                near = _near(argument, typed, group, session)
                if near is not None:
                    sentence = error.message.rstrip(".")
                    return MinitorrentError(error.code, f"{sentence}. Did you mean {quote(near)}?")
    return error


def nearest(typed: str, names: Iterable[str]) -> str | None:
    """The name that is most like what was typed; None when none is, or when it is the name."""
    folded = {name.casefold(): name for name in names}
    if typed in folded.values():
        return None
    found = difflib.get_close_matches(typed.casefold(), folded, n=1, cutoff=_LIKENESS)
    return folded[found[0]] if found else None


def _near(argument: Argument, typed: str, group: str | None, session: Session) -> str | None:
    """What was likely meant; raises MinitorrentError or OSError."""
    if argument.kind is Kind.PATH:
        folder, slash, name = typed.rpartition("/")
        near = nearest(name, _inside(folder + slash))
        return None if near is None else f"{folder}{slash}{near}"
    if argument.kind in (Kind.DOWNLOAD, Kind.SHARE, Kind.TRANSFER):
        return nearest(typed, islice(_own(group, session), _MOST_NAMES))
    names, are_all = _listed(argument.kind, group, session, "")
    if not are_all:
        found = (_listed(argument.kind, group, session, part)[0] for part in _parts(typed))
        names = chain.from_iterable(found)
    return nearest(typed, names)


def _parts(typed: str) -> Iterable[str]:
    """Patterns for what may have been meant: a slip leaves one third of a name as it is."""
    third = max(1, len(typed) // 3)
    return f"{typed[:third]}*", f"*{typed[third:-third]}*", f"*{typed[-third:]}"


def _listed(
    kind: Kind, group: str | None, session: Session, pattern: str
) -> tuple[Iterable[str], bool]:
    """Names of a kind that fit a pattern, and whether they are all; raises MinitorrentError."""
    lists = session.lists
    match kind:
        case Kind.GROUP | Kind.ANY_GROUP:
            groups = lists.groups(pattern)
            return [row.group for row in groups.groups], len(groups.groups) == groups.total
        case Kind.USER:
            members = lists.members(group, pattern)
            return [row.user for row in members.members], len(members.members) == members.total
        case Kind.REQUESTER:
            asking = lists.requests(group, pattern)
            return [row.user for row in asking.requests], len(asking.requests) == asking.total
    files = lists.files(group, pattern)
    return [row.name for row in files.files], len(files.files) == files.total


def _own(group: str | None, session: Session) -> Iterable[str]:
    """The names of what this client downloads and offers in a group."""
    downloads = ((row.group, row.name) for row in session.show_downloads().downloads)
    shares = ((row.group, row.name) for row in session.show_shares().shares)
    return (name for place, name in (*downloads, *shares) if place == group)


def _inside(folder: str) -> Iterable[str]:
    """The names of what lies in a folder, but for those that could not be typed."""
    with os.scandir(typed_path(folder or ".")) as entries:
        return [entry.name for entry in islice(entries, _MOST_NAMES) if entry.name.isprintable()]
