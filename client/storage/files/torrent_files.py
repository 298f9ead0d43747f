"""The files of one transfer on disk, from the first verified piece to seeding.

While a download is incomplete, its content has a temporary name beside the destination:
`NAME.<8 hex digits of the info-hash>.part`, a file or a folder, sparse, every file at its full
length. Only verified pieces are written. When the content is complete, it is synced to disk, and
only then gets its final name; existing files are never overwritten.

When the user says so, wrong content is repaired in place, at the destination;
missing files are downloaded as usual and then join them.

Other programs may change files meanwhile. A `Proof` remembers which pieces we hashed or wrote, a
`ChangeDetector` removes those that may have been touched, and only proven content gets its name.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Self

from client.core.transfers.piece_selection import PieceSelection
from client.core.transfers.resume import FileStamps
from client.storage.files.content import NOWHERE, Content, take_file_stamp
from client.storage.files.layout import PADDING, READ, WRITE, Layout
from client.storage.files.naming import give_name, part_file_path, partial_path
from client.storage.files.preparing import make_files, make_part_file, prepare_in_place
from client.storage.files.write_back import WriteBack
from client.storage.paths.os_errors import shown, translating
from client.storage.paths.safe_open import sync_folder
from client.storage.pieces.buffers import cut
from client.storage.pieces.proof import Proof
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo
from common.types import Block, PieceIndex

_HASHING_AT_ONCE = 16
"""Pieces of one transfer that may be hashed at once, each by one thread."""


class TorrentFiles:
    """The content of `metainfo`, complete or incomplete, that belongs at `final`.

    `final` is the file or the folder itself. Of a folder, only the files of the `selection` exist.
    Those numbered in `finalized` were finished before: they are at their final paths, and the
    others will join them. `write_back` has pieces brought to the disk while others are written.

    Call `open_partial` or `open_complete` first. Several threads may read, write and `sync`, also
    while `finish` runs. Every method raises MinitorrentError: disk_full, permission_denied,
    file_not_found, file_exists, file_changed or internal.
    """

    def __init__(
        self,
        metainfo: Metainfo,
        final: Path,
        selection: PieceSelection | None = None,
        finalized: Collection[int] = (),
        write_back: WriteBack | None = None,
    ) -> None:
        self.metainfo = metainfo
        self.final = final
        self.partial = partial_path(metainfo, final)
        self.part_file = part_file_path(metainfo, final)
        self._geometry = metainfo.geometry
        self.selection = selection or PieceSelection.all_of(self._geometry)
        self._finalized = frozenset(finalized)
        self._write_back = write_back
        self._content = self._content_at(final, READ)
        self._proof = Proof(self._geometry.piece_count)
        self._hashing = [threading.Lock() for _ in range(_HASHING_AT_ONCE)]
        self._device: int | None = None  # the disk that the first `open_partial` wrote to

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The current path of the content: the temporary or the final name."""
        return self._content.layout.root

    @property
    def has_partial(self) -> bool:
        """Whether something exists under the temporary name."""
        return os.path.lexists(self.partial)

    @property
    def is_named(self) -> bool:
        """Whether the content was opened read-only under its final name."""
        return self._content.layout.flags == READ

    def open_partial(self, *, in_place: bool = False) -> None:
        """Open for writing under the temporary name, creating folders and sparse files.

        With `in_place`, files under the final name are written there. Raises file_exists for one
        that has other names, too (hard links).
        """
        self._reopen(self.partial, WRITE)
        layout = self._content.layout
        layout.in_place = in_place
        layout.finalized = {
            number for number in layout.numbers if self._is_finalized(number, in_place=in_place)
        }
        if in_place:
            prepare_in_place(layout)
        if layout.finalized != set(layout.numbers):
            self._check_disk()
            make_files(self.partial, layout)
            self._device = self.partial.parent.stat().st_dev
        make_part_file(layout)
        self._content.watch(self._doubt, are_written=True)

    def _check_disk(self) -> None:
        """Raise file_not_found when the disk or folder written to before is gone."""
        parent = self.partial.parent
        if self._device is None:
            return
        if not parent.is_dir() or parent.stat().st_dev != self._device:
            raise MinitorrentError(
                ErrorCode.FILE_NOT_FOUND,
                f"The folder {shown(parent)} disappeared during the download. Put it back (or "
                "mount its disk again), then resume.",
            )

    def _is_finalized(self, number: int, *, in_place: bool) -> bool:
        """Return whether a file is at its final path, from before or by an interrupted `finish`."""
        parts = self.metainfo.files[number].path if self.metainfo.is_folder else ()
        final, partial = self.final.joinpath(*parts), self.partial.joinpath(*parts)
        if in_place:
            return os.path.lexists(final) and not os.path.lexists(partial)
        if not self._finalized or number in self._finalized:
            return number in self._finalized
        done = take_file_stamp(final).size == self.metainfo.files[number].length
        return done and not os.path.lexists(partial)

    def open_complete(self) -> None:
        """Open the final name for reading only. Raises file_not_found if it doesn't exist."""
        with translating(self.final):
            self.final.stat()
        self._reopen(self.final, READ)
        self._content.watch(self._doubt, are_written=False)

    def is_right(self, index: PieceIndex, data: memoryview) -> bool:
        """Return whether these bytes have the hash of the piece."""
        digest = hashlib.sha1(data, usedforsecurity=False).digest()
        return digest == self.metainfo.piece_hash(index)

    def write_pieces(self, pieces: Sequence[tuple[PieceIndex, memoryview]]) -> None:
        """Write pieces with the right hashes, each exactly as long as the piece.

        If one can't be written, none counts as written.
        """
        for index, data in pieces:
            if len(data) != self._geometry.piece_size(index):
                raise ValueError(f"piece {index} has another size than {len(data)}")
        runs = [(self._geometry.offset(index), data) for index, data in pieces]
        with self._content.writing([(offset, len(data)) for offset, data in runs]):
            self._content.write(runs)
            for index, _ in pieces:
                self._proof.add(index)

    def read(self, runs: Iterable[Block], buffers: Sequence[memoryview]) -> None:
        """Fill the buffers in order with the bytes of these runs inside pieces.

        They are right if their pieces were proven before and a later `look` changes no `touches`.
        """
        for offset, length in self._extents(runs):
            part, buffers = cut(buffers, length)
            self._content.read_into(offset, part)

    def views(self, index: PieceIndex, begin: int, length: int) -> list[memoryview]:
        """Return the piece's bytes as slices of memory-mapped files, to be passed to sendmsg.

        Only the kernel may read them: if the file gets shorter, Python would die of a bus error,
        while sendmsg fails with EFAULT. They stay valid after `finish` and `close`.
        """
        return self._content.views(self._geometry.offset(index) + begin, length)

    def prove(self, index: PieceIndex, scratch: memoryview | None = None) -> bool:
        """Return whether the piece is right on disk; it is hashed unless that is known.

        A hashed or written piece counts as known until another program touches a file of it.
        """
        if self._proof[index]:
            return True
        with self._hashing[index % _HASHING_AT_ONCE]:  # many threads may ask at once
            if self._proof[index]:
                return True
            doubts = self._proof.doubts
            start, size = self._geometry.offset(index), self._geometry.piece_size(index)
            right = self._content.digest(start, size, scratch) == self.metainfo.piece_hash(index)
            if right:
                self._proof.add(index, doubts)
            return right

    @property
    def touches(self) -> object:
        """A value that changes when a file turns out to be touched, or is reopened."""
        return self._proof, self._proof.touches

    def is_proven(self, index: PieceIndex) -> bool:
        """Return whether `prove` would succeed without hashing."""
        return self._proof[index]

    def unproven(self) -> Bitfield:
        """Return the wanted pieces that `prove` would have to hash."""
        found = Bitfield(self._geometry.piece_count)
        for piece in self.selection.pieces:
            if not self._proof[piece]:
                found.add(piece)
        return found

    def doubt(self, pieces: Iterable[int]) -> None:
        """Mark pieces as possibly wrong: each is hashed before it is used again."""
        self._proof.doubt(pieces)

    def mark_proven(self) -> None:
        """Mark every wanted piece as proven: the caller hashed them just before opening."""
        for piece in self.selection.pieces:
            self._proof.add(piece)

    def clear_doubts(self) -> None:
        """Clear the change detector's doubts: every piece was proven since."""
        if self._content.detector is not None:
            self._content.detector.clear_doubts()

    def _doubt(self, file: int) -> None:
        start, end = self._content.layout.extent(file)
        length = self._geometry.piece_length
        self._proof.touched(range(start // length, -(-end // length)))

    def look(self, runs: Iterable[Block]) -> None:
        """Raise file_changed when others have changed a file of these runs inside pieces."""
        self._content.look(self._extents(runs))

    def _extents(self, runs: Iterable[Block]) -> list[tuple[int, int]]:
        """Return the offsets of these runs in the content, and their lengths."""
        return [(self._geometry.offset(run.piece) + run.begin, run.length) for run in runs]

    def look_at_all(self) -> None:
        """Raise file_changed when others have changed any open file."""
        self._content.look_at_all()

    def sync(self) -> None:
        """Wait until every piece whose `write_pieces` has returned is on disk."""
        self._content.sync()

    @property
    def have_lost(self) -> bool:
        """Whether a written piece didn't reach the disk: nothing can be written any more."""
        return self._content.has_lost

    def stamps(self) -> FileStamps:
        """Return sizes and times of the files as they are now, zeros for unwanted files."""
        layout = self._content.layout
        found = [NOWHERE] * len(self.metainfo.files)
        for number in layout.numbers:
            found[number] = take_file_stamp(layout.place(number).path)
        if layout.part_file is not None:
            found.append(take_file_stamp(layout.part_file))
        return FileStamps(tuple(found))

    def verified_stamps(self) -> FileStamps:
        """Like `stamps`, as of when the files were opened or last written by us.

        Changes by others since then are not included, possible ones are MISSING: so a record with
        these stamps is trusted only if nothing has changed.
        """
        layout, detector = self._content.layout, self._content.detector
        if detector is None:
            return self.stamps()
        found = [NOWHERE] * len(self.metainfo.files)
        for number in layout.numbers:
            found[number] = detector.file_stamp(number)
        if layout.part_file is not None:
            found.append(detector.file_stamp(layout.part_number))
        return FileStamps(tuple(found))

    def sizes_are_right(self) -> bool:
        """Return whether every file exists and has the right length."""
        layout, sizes = self._content.layout, self.stamps().sizes
        return all(sizes[number] == layout.length(number) for number in layout.numbers)

    def is_finalized(self, index: PieceIndex) -> bool:
        """Return whether the whole piece is in files that were finished before."""
        layout = self._content.layout
        offset, size = self._geometry.offset(index), self._geometry.piece_size(index)
        files = {span.file for span in layout.spans(offset, size)} - {PADDING}
        return files <= layout.finalized

    def finish(self, prove: Callable[[], None] = lambda: None) -> None:
        """Sync the data, have `prove` check all of it, and give it its final name.

        Nothing may be written after that. Raises file_exists when the name is taken, file_changed
        when the named content is not what was proven; it then keeps its temporary name.
        """
        self.look_at_all()  # first: deleted files can't be opened to be synced
        with translating(self.partial):
            self._content.sync_all()
            prove()
            with self._content.renaming():
                self._name()
            sync_folder(self.final.parent)
            if self._content.layout.part_file is None:
                self.part_file.unlink(missing_ok=True)

    def _name(self) -> None:
        """Rename the content; undo that if anything but the proven content got the name."""
        layout = self._content.layout
        undo = give_name(self.partial, layout)
        self._content.layout = self._layout(self.final, READ)
        before = self._content.watch(self._doubt, are_written=False)
        now = self._content.detector or before
        if all(before.is_unchanged(number, now) for number in layout.numbers):
            return
        undo()
        self._content.layout = layout
        raise MinitorrentError(
            ErrorCode.FILE_CHANGED,
            f"{shown(self.final)} was changed by another program while it was being renamed.",
        )

    def discard(self) -> None:
        """Close the files, and delete what exists under the temporary name."""
        self.close()
        with translating(self.partial):
            if self.metainfo.is_folder and self.partial.is_dir() and not self.partial.is_symlink():
                shutil.rmtree(self.partial)
            else:
                self.partial.unlink(missing_ok=True)
            self.part_file.unlink(missing_ok=True)

    def discard_part_file(self) -> None:
        """Close the files, and delete the part file, which is of no use any more."""
        self.close()
        with translating(self.part_file):
            self.part_file.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files; may be called again. Views stay valid."""
        self._content.close()

    def _content_at(self, root: Path, flags: int) -> Content:
        return Content(self._layout(root, flags), self._write_back)

    def _layout(self, root: Path, flags: int) -> Layout:
        is_partly_wanted = not self.selection.is_everything
        return Layout(
            root,
            self.final,
            self.metainfo.files,
            self.metainfo.is_folder,
            flags,
            wanted=self.selection.files if is_partly_wanted else None,
            part_file=self.part_file if is_partly_wanted else None,
        )

    def _reopen(self, root: Path, flags: int) -> None:
        self._content.close()
        self._content = self._content_at(root, flags)
        self._proof = Proof(self._geometry.piece_count)
