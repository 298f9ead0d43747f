"""The command upload_file: shares one path or many."""

from __future__ import annotations

import threading
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from client.commands.command import Arguments, Context
from client.commands.language.known import KnownWords
from client.commands.language.word_order import upload_order
from client.commands.many import TotalProgress, run_each
from client.results.files import UploadedFile, UploadResult, UploadsResult
from client.services.content.uploads import HashProgress, Offer
from client.storage.paths.patterns import expand
from client.storage.paths.typed_path import typed_path
from common.errors import ErrorCode, MinitorrentError

_LARGE: Final = 16 << 20
"""The size in bytes from which files are hashed one by one: each keeps all cores busy."""


@dataclass(frozen=True)
class _Item:
    """A path to share; `size` in bytes, as far as it is known: 0 for a folder."""

    number: int
    path: Path
    is_found: bool
    size: int

    @property
    def is_large(self) -> bool:
        return self.size >= _LARGE or not self.size


def settle_upload(context: Context, arguments: Arguments) -> Arguments:
    """Return the arguments with the group where it stands; raises MinitorrentError(usage)."""
    in_use = context.session.overview().group
    found = upload_order(arguments.words, in_use, KnownWords(context.session))
    if found is None:
        first, last = arguments.words[0], arguments.words[-1]
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"Neither {last!r} nor {first!r} is one of your groups. Usage: {arguments.usage}",
        )
    values = {name: value for name, value in arguments.values.items() if name != "GROUP"}
    if found.group is not None:
        values["GROUP"] = found.group
    return replace(arguments, values=values, lists={"PATH": found.paths})


def upload_file(context: Context, arguments: Arguments) -> UploadResult | UploadsResult:
    """Share the paths; with one that is no pattern, the result is that of this file."""
    typed, items = arguments.many("PATH"), _items(arguments.many("PATH"))
    if arguments.optional("name") is not None and len(items) > 1:
        raise MinitorrentError(
            ErrorCode.USAGE, "--name takes a single path; leave it out to share several."
        )
    if len(typed) == 1 and items[0].is_found and items[0].path == Path(typed[0]):
        return _share(context, arguments, items[0], context.progress)
    total = TotalProgress(context.progress or _ignore, [item.size for item in items])
    turns = {item.path.name: threading.Lock() for item in items}  # equal names would collide
    large = threading.Lock()

    def share(item: _Item) -> UploadResult:
        with turns[item.path.name], large if item.is_large else nullcontext():
            shared = _share(context, arguments, item, total.of(item.number))
        total.finish(item.number)
        return shared

    shared = run_each(
        items,
        share,
        name=lambda item: str(item.path),
        done="shared",
        cancelled=lambda: total.is_stopped,
    )
    rows = [UploadedFile.model_validate(one.model_dump(exclude={"group"})) for one in shared]
    return UploadsResult(group=shared[0].group, files=rows)


def _share(
    context: Context, arguments: Arguments, item: _Item, progress: HashProgress | None
) -> UploadResult:
    if not item.is_found:
        raise MinitorrentError(
            ErrorCode.FILE_NOT_FOUND, f"No file or folder matches {str(item.path)!r}."
        )
    offer = Offer(item.path, arguments.optional("name"), "skip-unsharable" in arguments.flags)
    return context.session.files.upload(offer, arguments.optional("GROUP"), progress=progress)


def _ignore(_done: int, _total: int) -> None:
    pass


def _items(typed: tuple[str, ...]) -> list[_Item]:
    """Return what the typed paths and patterns stand for, each path once."""
    paths: dict[str, tuple[Path, bool]] = {}
    for word in typed:
        for path in (found := expand(word)) or (Path(word),):
            paths.setdefault(str(typed_path(path)), (path, bool(found)))
    return [
        _Item(number, path, is_found, _size(path))
        for number, (path, is_found) in enumerate(paths.values())
    ]


def _size(path: Path) -> int:
    with suppress(MinitorrentError, OSError):
        path = typed_path(path)
        return path.stat().st_size if path.is_file() else 0
    return 0
