"""Gives finished content its final name; nothing that exists is ever overwritten."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from client.storage.failures import shown
from client.storage.layout import Layout
from client.storage.opening import open_folder
from common.errors import ErrorCode, MinitorrentError


def give_name(partial: Path, layout: Layout) -> Callable[[], None]:
    """Have all that lies at `partial` lie at the layout's final place.

    Returns what undoes that: for when it turns out that something else was named than was meant.
    Raises OSError, and MinitorrentError(file_exists) when something has the name; then everything
    stays where it is, but for files of a folder that were moved in beside others already.
    """
    joins = layout.in_place and layout.is_folder and os.path.lexists(layout.final)
    if layout.placed or joins:
        _merge(partial, layout)
        return lambda: None
    if layout.is_folder:
        _rename(partial, layout.final)
    else:
        _link(partial, layout.final)
    return lambda: _rename(layout.final, partial)


def _rename(old: Path, new: Path) -> None:
    # rename() replaces nothing but an empty folder; lexists() spares that one too.
    if os.path.lexists(new):
        raise _in_the_way(new)
    try:
        old.rename(new)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise _in_the_way(new) from error
        raise


def _link(partial: Path, final: Path) -> None:
    """Give the file its final name instead of the other one."""
    try:
        _add_name(partial, final)
    except FileExistsError as error:
        # A crash between the two steps leaves the same file under both names.
        if final.is_symlink() or not partial.samefile(final):
            raise _in_the_way(final) from error
    partial.unlink(missing_ok=True)


def _add_name(partial: Path, final: Path) -> None:
    try:
        final.hardlink_to(partial)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
            raise
        # A file system without hard links: replace a placeholder that only we can have made.
        final.touch(exist_ok=False)
        partial.replace(final)


def _merge(partial: Path, layout: Layout) -> None:
    """Move every new file to its place among those that are there already."""
    final = layout.final
    for number in layout.numbers:
        if number in layout.placed:
            continue
        parts = layout.place(number).parts
        source = open_folder(partial, parts[:-1])
        target = open_folder(final, parts[:-1], nofollow=0, make=True)
        try:
            # rename() would replace what is there, so that is asked first.
            if os.path.lexists(final.joinpath(*parts)):
                raise _in_the_way(final.joinpath(*parts))
            os.rename(parts[-1], parts[-1], src_dir_fd=source, dst_dir_fd=target)
            os.fsync(target)
        finally:
            os.close(source)
            os.close(target)
    if layout.is_folder and os.path.lexists(partial):
        shutil.rmtree(partial)


def _in_the_way(final: Path) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.FILE_EXISTS,
        f"Something else lies at {shown(final)}; move it away and resume.",
    )
