"""Commands on transfers by name: one, several, or those that match a pattern."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from client.commands.command import Arguments, Context, Kind
from client.commands.language.known import KnownWords
from client.commands.language.word_order import Words, begins_with_group, has_wildcard
from client.commands.many import run_each
from client.results.transfers import ChangedTransfer, TransferResult, TransfersResult
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi

Change = Callable[[str, str], TransferResult]
"""Changes one transfer, by group and name."""


def settle_names(context: Context, arguments: Arguments) -> Arguments:
    """Return the arguments of a command with [GROUP] NAME..., each word where it belongs.

    Raises MinitorrentError(usage) for several names without a group.
    """
    words, in_use = arguments.words, context.session.overview().group

    def is_name(group: str, word: str) -> bool:
        with suppress(MinitorrentError):
            return bool(_matching(_names(context.session, group, Kind.TRANSFER), word))
        return False

    known = KnownWords(context.session)
    if len(words) < 2:
        return arguments
    if begins_with_group(words, in_use, known.is_own_group, is_name):
        if len(words) > 2 and not known.is_own_group(words[0]):
            raise MinitorrentError(
                ErrorCode.USAGE,
                f"{words[0]!r} is not one of your groups. Usage: {arguments.usage}",
            )
        return arguments
    values = {name: value for name, value in arguments.values.items() if name != "GROUP"}
    return replace(arguments, values=values, lists={"NAME": words})


def chosen_names(context: Context, arguments: Arguments, kind: Kind) -> Words:
    """Return the names that the words stand for, each once.

    `kind` says what patterns match: shares, incomplete downloads (Kind.DOWNLOAD), or both and
    complete ones. Raises MinitorrentError(no_such_file) if one matches nothing.
    """
    group, typed = context.group(arguments), arguments.many("NAME")
    if not any(map(has_wildcard, typed)):
        return tuple(dict.fromkeys(typed))
    names, found = _names(context.session, group, kind), list[str]()
    for word in typed:
        matches = _matching(names, word) if has_wildcard(word) else [word]
        if not matches:
            raise MinitorrentError(
                ErrorCode.NO_SUCH_FILE,
                f"None of your transfers in {group} matches {word!r}; list them with:"
                " show_downloads, show_shares",
            )
        found += matches
    return tuple(dict.fromkeys(found))


def change_each(
    context: Context, arguments: Arguments, names: Words, change: Change, done: str
) -> TransferResult | TransfersResult:
    """Change each of the transfers; a single name that is no pattern has a result of its own.

    `done` is a word such as "paused", for errors.
    """
    group = context.group(arguments)
    if len(names) == 1 and names == arguments.many("NAME"):
        return change(group, names[0])
    changed = run_each(
        names,
        lambda name: change(group, name),
        name=str,
        done=done,
        cancelled=context.cancelled,
    )
    rows = [ChangedTransfer(name=one.name, state=one.state) for one in changed]
    return TransfersResult(group=group, transfers=rows)


def _names(session: SessionApi, group: str, kind: Kind) -> list[str]:
    """Return the names of this client's transfers of a kind in a group, each once, sorted."""
    found: list[str] = []
    if kind is not Kind.SHARE:
        rows = session.transfers.downloads().downloads
        is_any = kind is Kind.TRANSFER
        found += [row.name for row in rows if row.group == group and (is_any or row.progress < 1)]
    if kind is not Kind.DOWNLOAD:
        shares = session.transfers.shares().shares
        found += [row.name for row in shares if row.group == group]
    return sorted(set(found), key=str.casefold)


def _matching(names: list[str], word: str) -> list[str]:
    """Return the names that match a word, ignoring case; a name itself comes before a pattern."""
    if word in names or not has_wildcard(word):
        return [word] if word in names else []
    pattern = word.casefold().replace("[", "[[]")
    return [name for name in names if fnmatchcase(name.casefold(), pattern)]
