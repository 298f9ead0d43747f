"""Finds existing content at a download's destination, and whether it can be completed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from client.core.transfers.piece_selection import PieceSelection
from client.core.transfers.resume import FileStamps
from client.storage.files.torrent_files import TorrentFiles
from client.storage.paths.os_errors import shown
from client.storage.recheck import verify
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo


@dataclass(frozen=True)
class ExistingContent:
    """Existing content at `final`: which pieces of `selection` are right there.

    `stamps` are those of the files when the pieces were hashed. `is_right` means that everything
    is as it should be.
    """

    described: Metainfo
    final: Path
    selection: PieceSelection
    have: Bitfield
    stamps: FileStamps
    is_right: bool

    @property
    def count(self) -> str:
        """A phrase such as `412 of 500 pieces are right`."""
        total = self.selection.pieces.count
        are = "is" if self.have.count == 1 else "are"
        return f"{self.have.count:,} of {total:,} pieces {are} right"

    def refusal(self) -> MinitorrentError:
        """Return the error for a download that wasn't asked to complete it in place."""
        if self.have.count:
            way = "add --resume to download the rest in place, or choose another destination"
        else:
            way = "choose another destination, or move it away; --resume would overwrite it"
        return MinitorrentError(
            ErrorCode.FILE_EXISTS,
            f"Another file exists at {shown(self.final)}: {self.count}; {way}.",
        )

    def open_in_place(self) -> FileStamps:
        """Prepare the files for writing in place; returns their stamps after that.

        Raises MinitorrentError(file_exists, permission_denied) when that can't be done safely.
        """
        if self.final.is_symlink():
            raise MinitorrentError(
                ErrorCode.FILE_EXISTS,
                f"{shown(self.final)} is a symbolic link; give the path that it points to instead.",
            )
        with TorrentFiles(self.described, self.final, self.selection) as files:
            files.open_partial(in_place=True)
            return files.verified_stamps()


def find_existing(
    described: Metainfo, final: Path, selection: PieceSelection
) -> ExistingContent | None:
    """Hash the content at `final`; None when there is none.

    Content that is all there is found whole, whatever the selection. Raises MinitorrentError(
    file_exists) for a folder where a file should be, or the other way round.
    """
    if not os.path.lexists(final):
        return None
    if final.exists() and final.is_dir() != described.is_folder:
        kind, other = ("folder", "file") if described.is_folder else ("file", "folder")
        raise MinitorrentError(
            ErrorCode.FILE_EXISTS,
            f"There is a {other} at {shown(final)}, where the {kind} "
            f"{described.name!r} should be; choose another destination, or move it away.",
        )
    whole = _look(described, final, PieceSelection.all_of(described.geometry))
    if whole.is_right or selection.is_everything:
        return whole
    return _look(described, final, selection)


def _look(described: Metainfo, final: Path, selection: PieceSelection) -> ExistingContent:
    with TorrentFiles(described, final, selection) as files:
        try:
            files.open_complete()
        except MinitorrentError:  # a dangling link
            nothing = Bitfield(described.piece_count)
            return ExistingContent(
                described, final, selection, nothing, files.stamps(), is_right=False
            )
        have = verify(files)
        is_right = have == selection.pieces and files.sizes_are_right()
        return ExistingContent(described, final, selection, have, files.verified_stamps(), is_right)
