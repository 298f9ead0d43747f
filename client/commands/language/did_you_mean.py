"""Suggestions for mistyped names: "Did you mean NAME?"."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING

from client.commands.command import Argument, Kind
from client.commands.language.parsing import Invocation
from client.commands.language.usual_words import LISTS
from client.commands.language.words import quote
from client.storage.paths.typed_path import typed_path
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi

_LIKENESS = 0.6
"""The similarity, as difflib measures it (0 to 1), from which a name is suggested."""

_MAX_NAMES = 20_000
"""Names compared with the one typed."""

_KINDS_BY_ERROR: Mapping[ErrorCode, frozenset[Kind]] = {
    ErrorCode.NO_SUCH_GROUP: frozenset({Kind.GROUP, Kind.ANY_GROUP}),
    ErrorCode.NO_SUCH_USER: frozenset({Kind.USER, Kind.REQUESTER}),
    ErrorCode.NOT_MEMBER: frozenset({Kind.USER}),
    ErrorCode.NO_SUCH_REQUEST: frozenset({Kind.REQUESTER}),
    ErrorCode.NO_SUCH_FILE: frozenset({Kind.FILE, Kind.DOWNLOAD, Kind.SHARE, Kind.TRANSFER}),
    ErrorCode.FILE_NOT_FOUND: frozenset({Kind.PATH}),
}
"""The kinds of arguments that an error may be about."""


def corrected(
    error: MinitorrentError, invocation: Invocation, session: SessionApi
) -> MinitorrentError:
    """Return the error with "Did you mean NAME?" if an existing name resembles the one typed.

    Names are looked up in the session, and those of a group on the tracker that has just refused
    the command. If the tracker can't be reached, the error is returned unchanged.
    """
    kinds = _KINDS_BY_ERROR.get(error.code, frozenset())
    listed = LISTS.get(invocation.arguments.optional("GROUP") or "")
    if listed and Kind.GROUP in kinds and invocation.command.name == "list_files":
        return _with_suggestion(error, listed)
    for argument in invocation.command.arguments:
        given = invocation.arguments.given(argument.name)
        if argument.kind in kinds and len(given) == 1:
            group = invocation.arguments.optional("GROUP") or session.overview().group
            with suppress(MinitorrentError, OSError):  # no names, no suggestion
                near = _near(argument, given[0], group, session)
                if near is not None:
                    return _with_suggestion(error, quote(near))
    return error


def _with_suggestion(error: MinitorrentError, near: str) -> MinitorrentError:
    sentence = error.message.rstrip(".")
    return MinitorrentError(error.code, f"{sentence}. Did you mean {near}?")


def nearest(typed: str, names: Iterable[str]) -> str | None:
    """Return the name most similar to ``typed``, or None if there is none or it matches exactly."""
    folded = {name.casefold(): name for name in names}
    if typed in folded.values():
        return None
    found = difflib.get_close_matches(typed.casefold(), folded, n=1, cutoff=_LIKENESS)
    return folded[found[0]] if found else None


def _near(argument: Argument, typed: str, group: str | None, session: SessionApi) -> str | None:
    """Return the most likely correction, or None; raises MinitorrentError or OSError."""
    if argument.kind is Kind.PATH:
        folder, slash, name = typed.rpartition("/")
        near = nearest(name, _inside(folder + slash))
        return None if near is None else f"{folder}{slash}{near}"
    if argument.kind in (Kind.DOWNLOAD, Kind.SHARE, Kind.TRANSFER):
        return nearest(typed, islice(_own(group, session), _MAX_NAMES))
    names, are_all = _listed(argument.kind, group, session, "")
    if not are_all:
        found = (_listed(argument.kind, group, session, part)[0] for part in _parts(typed))
        names = chain.from_iterable(found)
    return nearest(typed, names)


def _parts(typed: str) -> Iterable[str]:
    """Return patterns for similar names: a typing error leaves a third of the name intact."""
    third = max(1, len(typed) // 3)
    return f"{typed[:third]}*", f"*{typed[third:-third]}*", f"*{typed[-third:]}"


def _listed(
    kind: Kind, group: str | None, session: SessionApi, pattern: str
) -> tuple[Iterable[str], bool]:
    """Return matching names of a kind, and whether these are all; raises MinitorrentError."""
    match kind:
        case Kind.GROUP | Kind.ANY_GROUP:
            groups = session.groups.list(pattern)
            return [row.group for row in groups.groups], len(groups.groups) == groups.total
        case Kind.USER:
            members = session.groups.members(group, pattern)
            return [row.user for row in members.members], len(members.members) == members.total
        case Kind.REQUESTER:
            asking = session.groups.requests(group, pattern)
            return [row.user for row in asking.requests], len(asking.requests) == asking.total
    files = session.files.list(group, pattern)
    return [row.name for row in files.files], len(files.files) == files.total


def _own(group: str | None, session: SessionApi) -> Iterable[str]:
    """Return the names of this client's downloads and shares in a group."""
    downloads = ((row.group, row.name) for row in session.transfers.downloads().downloads)
    shares = ((row.group, row.name) for row in session.transfers.shares().shares)
    return (name for its_group, name in (*downloads, *shares) if its_group == group)


def _inside(folder: str) -> Iterable[str]:
    """Return the names in a folder, except those that can't be typed."""
    with os.scandir(typed_path(folder or ".")) as entries:
        return [entry.name for entry in islice(entries, _MAX_NAMES) if entry.name.isprintable()]
