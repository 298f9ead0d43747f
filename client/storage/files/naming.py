"""The temporary names of content, and giving it its final one without overwriting anything."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from client.storage.files.layout import Layout
from client.storage.paths.os_errors import shown
from client.storage.paths.safe_open import open_folder
from client.storage.paths.writing import NO_LINKS, rename_to_new
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo
from common.paths import MAX_COMPONENT_BYTES


def partial_path(metainfo: Metainfo, final: Path) -> Path:
    """Return the temporary name beside `final`."""
    return _beside(metainfo, final, "", ".part")


def part_file_path(metainfo: Metainfo, final: Path) -> Path:
    """Return the hidden name beside `final` of the part file, for bytes of unwanted files."""
    return _beside(metainfo, final, ".", ".aside")


def _beside(metainfo: Metainfo, final: Path, prefix: str, suffix: str) -> Path:
    digits = metainfo.info_hash.hex()
    name = f"{prefix}{final.name}.{digits[:8]}{suffix}"
    if len(os.fsencode(name)) > MAX_COMPONENT_BYTES:
        name = f"{prefix}{digits}{suffix}"
    return final.with_name(name)


def give_name(partial: Path, layout: Layout) -> Callable[[], None]:
    """Move everything at `partial` to the layout's final path.

    Returns a function that undoes it, for when something other than the proven content was
    renamed. Raises OSError, and MinitorrentError(file_exists) when the name is taken; everything
    then stays where it is, except for files that have already been moved into an existing folder.
    """
    joins = layout.in_place and layout.is_folder and os.path.lexists(layout.final)
    if layout.finalized or joins:
        _merge(partial, layout)
        return lambda: None
    if layout.is_folder:
        _rename(partial, layout.final)
    else:
        _link(partial, layout.final)
    return lambda: _rename(layout.final, partial)


def _rename(old: Path, new: Path) -> None:
    # rename() only replaces empty folders; lexists() protects those, too.
    if os.path.lexists(new):
        raise _in_the_way(new)
    try:
        old.rename(new)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise _in_the_way(new) from error
        raise


def _link(partial: Path, final: Path) -> None:
    """Rename a file to its final name, without replacing anything."""
    try:
        rename_to_new(partial, final)
    except FileExistsError as error:
        # A crash between its two steps leaves the same file under both names.
        if final.is_symlink() or not partial.samefile(final):
            raise _in_the_way(final) from error
        partial.unlink()


def _merge(partial: Path, layout: Layout) -> None:
    """Move every new file to its place in the existing folder."""
    final = layout.final
    for number in layout.numbers:
        if number in layout.finalized:
            continue
        parts = layout.place(number).parts
        source = open_folder(partial, parts[:-1])
        target = open_folder(final, parts[:-1], nofollow=0, make=True)
        try:
            _move(parts[-1], source, target)
            os.fsync(target)
        except FileExistsError as error:
            raise _in_the_way(final.joinpath(*parts)) from error
        finally:
            os.close(source)
            os.close(target)
    if layout.is_folder and os.path.lexists(partial):
        shutil.rmtree(partial)


def _move(name: str, source: int, target: int) -> None:
    """Move a file from one open folder to another; raises OSError, FileExistsError among others."""
    try:
        os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except FileExistsError:
        # A crash between the two steps leaves the same file under both names.
        ours = os.stat(name, dir_fd=source, follow_symlinks=False)
        if not os.path.samestat(ours, os.stat(name, dir_fd=target, follow_symlinks=False)):
            raise
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # A file system without hard links: replace a placeholder that only we can have made.
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=target))
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
        return
    os.unlink(name, dir_fd=source)


def _in_the_way(final: Path) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.FILE_EXISTS,
        f"Another file exists at {shown(final)}; move it away and resume.",
    )
