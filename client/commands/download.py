"""The command download_file: starts one download or many."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from client.commands.command import Arguments, Context, Declined
from client.commands.language.known import KnownWords, file_names, listed
from client.commands.language.word_order import (
    Words,
    all_order,
    download_order,
    has_wildcard,
    is_like_path,
)
from client.commands.many import run_each
from client.results.files import DownloadResult, StartedDownload, StartedDownloadsResult
from client.results.transfers import TransferState
from client.storage.paths.os_errors import shown
from client.storage.paths.typed_path import typed_path
from common.errors import ErrorCode, MinitorrentError
from common.text import count


def settle_download(context: Context, arguments: Arguments) -> Arguments:
    """Return the arguments with each word where it belongs; raises MinitorrentError(usage)."""
    in_use, known = context.session.overview().group, KnownWords(context.session)
    words = arguments.words
    is_single = len(words) == 1 and in_use is not None and not _takes_all(arguments)
    if is_single and _is_group_only(words[0], in_use or "", known):
        raise _no_names(arguments)
    order = all_order if _takes_all(arguments) else download_order
    found = order(words, in_use, known)
    if found is None:
        raise _all_and_names(arguments)
    values = {
        name: value for name, value in arguments.values.items() if name not in ("GROUP", "DEST")
    }
    values |= {} if found.group is None else {"GROUP": found.group}
    values |= {} if found.destination is None else {"DEST": found.destination}
    return replace(arguments, values=values, lists={"NAME": found.names} if found.names else {})


def download_file(
    context: Context, arguments: Arguments
) -> DownloadResult | StartedDownloadsResult:
    """Start the downloads; with one name that is no pattern, the result is that of this file."""
    typed = arguments.many("NAME")
    if not typed and not _takes_all(arguments):
        raise _no_names(arguments)
    group, destination = context.group(arguments), arguments.optional("DEST")
    if _takes_all(arguments) and (typed or _may_be_name(context, group, destination)):
        raise _all_and_names(arguments)
    if len(typed) != 1:
        return _download_many(context, arguments, group, typed)
    if has_wildcard(typed[0]) and file_names(context.session, group, typed) != typed:
        return _download_many(context, arguments, group, typed)
    if destination is not None and _may_be_name(context, group, destination):
        question = f"Save {shown(typed[0])} as {shown(destination)} (no: download both)?"
        if not context.confirm(question):
            without = {key: value for key, value in arguments.values.items() if key != "DEST"}
            both = (typed[0], destination)
            return _download_many(context, replace(arguments, values=without), group, both)
    elif destination is not None:
        destination = _file_or_folder(context, typed[0], destination)
    return _start(context, arguments, group, typed[0], destination or usual_folder(context))


def _download_many(
    context: Context, arguments: Arguments, group: str, typed: Words
) -> StartedDownloadsResult:
    """Start several downloads: of these names and patterns, or of all files if there are none.

    Of the files that a pattern matches, those that the user has or downloads already are left out.
    """
    session = context.session
    names = file_names(session, group, typed) if typed else listed(session, group, "")
    present = _present(context, group, [name for name in names if name not in typed])
    wanted = [name for name in names if name not in present]
    folder = _folder(context, arguments.optional("DEST"), len(wanted))
    started = run_each(
        wanted,
        lambda name: _start(context, arguments, group, name, folder),
        name=str,
        done="downloads started",
        cancelled=context.cancelled,
    )
    rows = [StartedDownload.model_validate(one.model_dump(exclude={"group"})) for one in started]
    return StartedDownloadsResult(
        group=group, downloads=rows, folder=str(typed_path(folder)), present=len(present)
    )


def _present(context: Context, group: str, names: Sequence[str]) -> set[str]:
    """Return those of a group's files that the user shares or downloads, unless that has failed."""
    if not names:
        return set()
    rows = context.session.transfers.downloads().downloads
    own = {row.name: row.state for row in rows if row.group == group}
    failed = {name for name, state in own.items() if state is TransferState.FAILED}
    return (context.session.files.shared(group, names) | own.keys() & set(names)) - failed


def _start(
    context: Context, arguments: Arguments, group: str, name: str, destination: str
) -> DownloadResult:
    return context.session.files.download(
        group,
        name,
        destination,
        sequential="sequential" in arguments.flags,
        only=arguments.optional("only"),
        in_place="resume" in arguments.flags,
    )


def _is_group_only(word: str, in_use: str, known: KnownWords) -> bool:
    """Return whether a word is one of the user's groups, and no file of the one in use."""
    return known.is_own_group(word) and not known.is_file(in_use, word)


def _no_names(arguments: Arguments) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.USAGE, f"Which files? Give their names, or --all. Usage: {arguments.usage}"
    )


def _all_and_names(arguments: Arguments) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.USAGE,
        f"--all downloads every file; leave the names out. Usage: {arguments.usage}",
    )


def _takes_all(arguments: Arguments) -> bool:
    return "all" in arguments.flags


def usual_folder(context: Context) -> str:
    """Return the user's download folder, with a slash at its end."""
    return f"{context.session.settings.download_folder}/"


def _may_be_name(context: Context, group: str, destination: str | None) -> bool:
    """Return whether a destination that doesn't exist could be another file of the group."""
    return not (
        destination is None
        or is_like_path(destination)
        or os.path.lexists(typed_path(destination))
        or not KnownWords(context.session).is_file(group, destination)
    )


def _file_or_folder(context: Context, name: str, destination: str) -> str:
    """Return the destination of a file, with a slash if the user wants a new folder for it.

    Only a terminal asks, and only if the path doesn't look like that of the file.
    """
    path = PurePath(destination)
    is_alike = path.name == name or (path.suffix and path.suffix == PurePath(name).suffix)
    if destination.endswith("/") or is_alike or os.path.lexists(typed_path(destination)):
        return destination
    question = f"Save {shown(name)} as {shown(destination)} (no: in a new folder of that name)?"
    return destination if context.confirm(question) else f"{path}/"


def _folder(context: Context, destination: str | None, number: int) -> str:
    """Return the folder for several files, with a slash at its end.

    A terminal asks before a folder is created whose name was typed without one.
    """
    if destination is None:
        return usual_folder(context)
    path = typed_path(destination)
    if path.exists() and not path.is_dir():
        raise MinitorrentError(
            ErrorCode.FILE_EXISTS,
            f"{shown(path)} is a file, not a folder; choose another destination.",
        )
    if number and not destination.endswith("/") and not path.exists():
        question = f"There is no folder {shown(destination)}. Create it for"
        if not context.confirm(f"{question} {count(number, 'file')}?"):
            raise Declined
    return f"{destination}/"
