"""The files of one transfer on disk, from the first verified piece to seeding.

While it is downloaded the content lies under a temporary name beside its destination:
`NAME.<8 hex digits of the info-hash>.part`, a file or a folder, sparse, every file at its full
length. Only verified pieces are written. When all are there, the data is brought to the disk
and only then gets its final name; nothing that exists is ever overwritten.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Self

from client.core.goal import Goal
from client.core.resume import FileFact, FileFacts
from client.storage.content import Content, take_fact
from client.storage.failures import shown, translating
from client.storage.layout import READ, WRITE, Layout
from client.storage.opening import open_beneath, open_folder, sync_folder
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo
from common.paths import MAX_COMPONENT_BYTES
from common.types import PieceIndex


def partial_path(metainfo: Metainfo, final: Path) -> Path:
    """The temporary name beside `final`."""
    return _beside(metainfo, final, "", ".part")


def aside_path(metainfo: Metainfo, final: Path) -> Path:
    """The hidden name beside `final` for what belongs to files that are not wanted."""
    return _beside(metainfo, final, ".", ".aside")


def _beside(metainfo: Metainfo, final: Path, prefix: str, suffix: str) -> Path:
    digits = metainfo.info_hash.hex()
    name = f"{prefix}{final.name}.{digits[:8]}{suffix}"
    if len(os.fsencode(name)) > MAX_COMPONENT_BYTES:
        name = f"{prefix}{digits}{suffix}"
    return final.with_name(name)


class TorrentFiles:
    """The content of `metainfo` at `final` (the file or the folder itself), or on its way there.

    Of a folder, only the files of the `goal` are there. Those numbered in `placed` were finished
    before: they are at their final place, and the others will join them.

    First call `open_partial` or `open_complete`. Reading, writing and `sync` may be called from
    several threads, also while `finish` runs. Every method raises MinitorrentError: disk_full,
    permission_denied, file_not_found, file_exists, file_changed or internal.
    """

    def __init__(
        self,
        metainfo: Metainfo,
        final: Path,
        goal: Goal | None = None,
        placed: Collection[int] = (),
    ) -> None:
        self.metainfo = metainfo
        self.final = final
        self.partial = partial_path(metainfo, final)
        self.aside = aside_path(metainfo, final)
        self._geometry = metainfo.geometry
        self.goal = goal or Goal.all_of(self._geometry)
        self._placed = frozenset(placed)
        self._content = self._content_at(final, READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Where the content lies now: the temporary or the final name."""
        return self._content.layout.root

    @property
    def has_partial(self) -> bool:
        """Whether something lies under the temporary name."""
        return os.path.lexists(self.partial)

    def open_partial(self) -> None:
        """Begin or go on writing under the temporary name: makes folders and sparse files."""
        self._reopen(self.partial, WRITE)
        layout = self._content.layout
        layout.placed = {number for number in layout.numbers if self._is_placed(number)}
        folder = self.partial if self.metainfo.is_folder else self.partial.parent
        with translating(folder):
            folder.mkdir(parents=True, exist_ok=True)
        made: set[tuple[str, ...]] = {()}
        for number in layout.numbers:
            if number in layout.placed:
                continue
            parts = layout.place(number).parts
            with translating(self._content.path(number)):
                if parts[:-1] not in made:
                    os.close(open_folder(self.partial, parts[:-1], make=True))
                    made.add(parts[:-1])
                _make_file(self.partial, parts, layout.length(number))
        if layout.aside is not None:
            with translating(layout.aside):
                _make_file(layout.aside, (), self.metainfo.length)

    def _is_placed(self, number: int) -> bool:
        """Whether a file is at its final place, from before or by a `finish` that was cut short."""
        if not self._placed or number in self._placed:
            return number in self._placed
        parts = self.metainfo.files[number].path
        done = take_fact(self.final.joinpath(*parts)).size == self.metainfo.files[number].length
        return done and not os.path.lexists(self.partial.joinpath(*parts))

    def open_complete(self) -> None:
        """Read from the final name, nothing is written. Raises file_not_found without it."""
        with translating(self.final):
            self.final.stat()
        self._reopen(self.final, READ)

    def write_piece(self, index: PieceIndex, data: memoryview) -> None:
        """Write a verified piece; `data` is exactly as long as the piece."""
        if len(data) != self._geometry.piece_size(index):
            raise ValueError(f"piece {index} has another size than {len(data)}")
        self._content.write(self._geometry.offset(index), data)

    def write_verified(self, index: PieceIndex, data: memoryview) -> bool:
        """Write a piece if it has the right hash; returns whether it has."""
        digest = hashlib.sha1(data, usedforsecurity=False).digest()
        if digest != self.metainfo.piece_hash(index):
            return False
        self.write_piece(index, data)
        return True

    def read_into(self, index: PieceIndex, begin: int, buffer: memoryview) -> None:
        """Fill the buffer with the piece's bytes from `begin` on."""
        self._content.read_into(self._geometry.offset(index) + begin, buffer)

    def views(self, index: PieceIndex, begin: int, length: int) -> list[memoryview]:
        """The piece's bytes as slices of memory-mapped files, to be given to sendmsg.

        Only the kernel may read them: Python would die of a bus error if the file had been cut
        short, while sendmsg fails with EFAULT. They stay valid after `finish` and `close`.
        """
        return self._content.views(self._geometry.offset(index) + begin, length)

    def watch(self, facts: FileFacts) -> None:
        """The content was verified when the files looked like that: mind that they stay so.

        From now on reading a changed file raises file_changed; before views are given to the
        kernel, `look` is to be called.
        """
        self._content.watch(facts)

    def look(self, index: PieceIndex, begin: int, length: int) -> None:
        """Raises file_changed when a watched file in this part of a piece has changed."""
        self._content.look(self._geometry.offset(index) + begin, length)

    def look_at_all(self) -> None:
        """Raises file_changed when any watched file has changed."""
        self._content.look_at_all()

    def is_hole(self, index: PieceIndex) -> bool:
        """Whether nothing was ever written to the piece, so that it reads as zeros."""
        return self._content.is_hole(self._geometry.offset(index), self._geometry.piece_size(index))

    def sync(self) -> None:
        """Wait until every piece whose `write_piece` has returned is on the disk."""
        self._content.sync()

    def facts(self) -> FileFacts:
        """Sizes and times of the files as they are now; those of unwanted ones are zeros."""
        layout = self._content.layout
        found = [FileFact(0, 0)] * len(self.metainfo.files)
        for number in layout.numbers:
            found[number] = take_fact(layout.place(number).path)
        if layout.aside is not None:
            found.append(take_fact(layout.aside))
        return FileFacts(tuple(found))

    def sizes_are_right(self) -> bool:
        """Whether every file is there and as long as it should be."""
        layout, sizes = self._content.layout, self.facts().sizes
        return all(sizes[number] == layout.length(number) for number in layout.numbers)

    def is_placed(self, index: PieceIndex) -> bool:
        """Whether the whole piece is in files that were finished before."""
        layout = self._content.layout
        offset, size = self._geometry.offset(index), self._geometry.piece_size(index)
        files = {span.file for span in layout.spans(offset, size)}
        return files <= layout.placed

    def finish(self) -> None:
        """Bring the data to the disk, then give it its final name.

        Raises file_exists when something has that name; then the content stays where it is.
        """
        with translating(self.partial):
            self._sync_everything()
            with self._content.handles.paused():
                if self._content.layout.placed:
                    self._merge()
                else:
                    self._rename()
                self._content.layout = self._layout(self.final, READ)
            sync_folder(self.final.parent)
            if self._content.layout.aside is None:
                self.aside.unlink(missing_ok=True)

    def discard(self) -> None:
        """Close, and delete what lies under the temporary name."""
        self.close()
        with translating(self.partial):
            if self.metainfo.is_folder and self.partial.is_dir() and not self.partial.is_symlink():
                shutil.rmtree(self.partial)
            else:
                self.partial.unlink(missing_ok=True)
            self.aside.unlink(missing_ok=True)

    def discard_aside(self) -> None:
        """Close; what is kept of unwanted files is of no use any more."""
        self.close()
        with translating(self.aside):
            self.aside.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files; may be called again. Views stay valid."""
        self._content.close()

    def _content_at(self, root: Path, flags: int) -> Content:
        return Content(self._layout(root, flags))

    def _layout(self, root: Path, flags: int) -> Layout:
        some = not self.goal.is_everything
        return Layout(
            root,
            self.final,
            self.metainfo.files,
            self.metainfo.is_folder,
            flags,
            wanted=self.goal.files if some else None,
            aside=self.aside if some else None,
        )

    def _reopen(self, root: Path, flags: int) -> None:
        self._content.close()
        self._content = self._content_at(root, flags)

    def _sync_everything(self) -> None:
        """Wait for all files and folders: some may have been written before a restart."""
        folders: set[tuple[str, ...]] = set()
        layout = self._content.layout
        for number in layout.numbers:
            with self._content.handles.lease(number) as descriptor:
                os.fsync(descriptor)
            parts = layout.place(number).parts
            if number not in layout.placed:
                folders.update(parts[:depth] for depth in range(len(parts)))
        if layout.aside is not None:
            with self._content.handles.lease(len(self.metainfo.files)) as descriptor:
                os.fsync(descriptor)
        for folder in folders:
            opened = open_folder(self.partial, folder)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)

    def _rename(self) -> None:
        if self.metainfo.is_folder:
            # rename() replaces nothing but an empty folder; lexists() spares that one too.
            if os.path.lexists(self.final):
                raise self._in_the_way()
            try:
                self.partial.rename(self.final)
            except OSError as error:
                if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    raise self._in_the_way() from error
                raise
            return
        try:
            self._link()
        except FileExistsError as error:
            # A crash between the two steps below leaves the same file under both names.
            if self.final.is_symlink() or not self.partial.samefile(self.final):
                raise self._in_the_way() from error
        self.partial.unlink(missing_ok=True)

    def _merge(self) -> None:
        """Move every new file to its place among those that were finished before."""
        layout = self._content.layout
        for number in layout.numbers:
            parts = layout.place(number).parts
            if number in layout.placed:
                continue
            source = open_folder(self.partial, parts[:-1])
            target = open_folder(self.final, parts[:-1], nofollow=0, make=True)
            try:
                # rename() would replace what is there, so that is asked first.
                if os.path.lexists(self.final.joinpath(*parts)):
                    raise self._in_the_way()
                os.rename(parts[-1], parts[-1], src_dir_fd=source, dst_dir_fd=target)
                os.fsync(target)
            finally:
                os.close(source)
                os.close(target)
        shutil.rmtree(self.partial)

    def _link(self) -> None:
        """Give the file its final name as well; fails when something has it."""
        try:
            self.final.hardlink_to(self.partial)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
                raise
            # A file system without hard links: replace a placeholder that only we can have made.
            self.final.touch(exist_ok=False)
            self.partial.replace(self.final)

    def _in_the_way(self) -> MinitorrentError:
        return MinitorrentError(
            ErrorCode.FILE_EXISTS,
            f"Something else lies at {shown(self.final)}; move it away and resume.",
        )


def _make_file(root: Path, parts: tuple[str, ...], length: int) -> None:
    """Make sure that the file exists with its full length; what it holds is kept."""
    descriptor = open_beneath(root, parts, WRITE | os.O_CREAT)
    try:
        if os.fstat(descriptor).st_size != length:
            os.ftruncate(descriptor, length)
    finally:
        os.close(descriptor)
