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
from pathlib import Path
from typing import Self

from client.core.resume import FileFacts
from client.storage.content import Content, take_facts
from client.storage.failures import shown, translating
from client.storage.opening import open_beneath, open_folder, sync_folder
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo
from common.paths import MAX_COMPONENT_BYTES
from common.types import PieceIndex


def partial_path(metainfo: Metainfo, final: Path) -> Path:
    """The temporary name beside `final`."""
    digits = metainfo.info_hash.hex()
    name = f"{final.name}.{digits[:8]}.part"
    if len(os.fsencode(name)) > MAX_COMPONENT_BYTES:
        name = f"{digits}.part"
    return final.with_name(name)


class TorrentFiles:
    """The content of `metainfo` at `final` (the file or the folder itself), or on its way there.

    First call `open_partial` or `open_complete`. Reading, writing and `sync` may be called from
    several threads, also while `finish` runs. Every method raises MinitorrentError: disk_full,
    permission_denied, file_not_found, file_exists, file_changed or internal.
    """

    def __init__(self, metainfo: Metainfo, final: Path) -> None:
        self.metainfo = metainfo
        self.final = final
        self.partial = partial_path(metainfo, final)
        self._geometry = metainfo.geometry
        self._content = self._content_at(final, os.O_RDONLY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Where the content lies now: the temporary or the final name."""
        return self._content.root

    @property
    def has_partial(self) -> bool:
        """Whether something lies under the temporary name."""
        return os.path.lexists(self.partial)

    def open_partial(self) -> None:
        """Begin or go on writing under the temporary name: makes folders and sparse files."""
        self._reopen(self.partial, os.O_RDWR | os.O_NOFOLLOW)
        folder = self.partial if self.metainfo.is_folder else self.partial.parent
        with translating(folder):
            folder.mkdir(parents=True, exist_ok=True)
        made: set[tuple[str, ...]] = {()}
        for number, file in enumerate(self.metainfo.files):
            parts = file.path if self.metainfo.is_folder else ()
            with translating(self._content.path(number)):
                if parts[:-1] not in made:
                    os.close(open_folder(self.partial, parts[:-1], make=True))
                    made.add(parts[:-1])
                self._make_file(parts, file.length)

    def open_complete(self) -> None:
        """Read from the final name, nothing is written. Raises file_not_found without it."""
        with translating(self.final):
            self.final.stat()
        self._reopen(self.final, os.O_RDONLY)

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

    def is_hole(self, index: PieceIndex) -> bool:
        """Whether nothing was ever written to the piece, so that it reads as zeros."""
        return self._content.is_hole(self._geometry.offset(index), self._geometry.piece_size(index))

    def sync(self) -> None:
        """Wait until every piece whose `write_piece` has returned is on the disk."""
        self._content.sync()

    def facts(self) -> FileFacts:
        """Sizes and times of the files as they are now."""
        return take_facts(self.path, self.metainfo.files, self.metainfo.is_folder)

    def sizes_are_right(self) -> bool:
        """Whether every file is there and as long as it should be."""
        return self.facts().sizes == tuple(file.length for file in self.metainfo.files)

    def finish(self) -> None:
        """Bring the data to the disk, then give it its final name.

        Raises file_exists when something has that name; then the content stays where it is.
        """
        with translating(self.partial):
            self._sync_everything()
            with self._content.handles.paused():
                self._rename()
                self._content.root, self._content.flags = self.final, os.O_RDONLY
            sync_folder(self.final.parent)

    def discard(self) -> None:
        """Close, and delete what lies under the temporary name."""
        self.close()
        with translating(self.partial):
            if self.metainfo.is_folder and self.partial.is_dir() and not self.partial.is_symlink():
                shutil.rmtree(self.partial)
            else:
                self.partial.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files; may be called again. Views stay valid."""
        self._content.close()

    def _content_at(self, root: Path, flags: int) -> Content:
        return Content(root, self.metainfo.files, self.metainfo.is_folder, flags)

    def _reopen(self, root: Path, flags: int) -> None:
        self._content.close()
        self._content = self._content_at(root, flags)

    def _make_file(self, parts: tuple[str, ...], length: int) -> None:
        """Make sure that the file exists with its full length; what it holds is kept."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        descriptor = open_beneath(self.partial, parts, flags)
        try:
            if os.fstat(descriptor).st_size != length:
                os.ftruncate(descriptor, length)
        finally:
            os.close(descriptor)

    def _sync_everything(self) -> None:
        """Wait for all files and folders: some may have been written before a restart."""
        folders: set[tuple[str, ...]] = set()
        for number, file in enumerate(self.metainfo.files):
            with self._content.handles.lease(number) as descriptor:
                os.fsync(descriptor)
            if self.metainfo.is_folder:
                folders.update(file.path[:depth] for depth in range(len(file.path)))
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
