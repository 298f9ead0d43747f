"""Creates the files that a download writes to, or checks that existing ones can be written."""

from __future__ import annotations

import os
from pathlib import Path

from client.storage.files.layout import WRITE, Layout
from client.storage.paths.os_errors import shown, translating
from client.storage.paths.safe_open import open_beneath, open_folder
from common.errors import ErrorCode, MinitorrentError


def make_files(partial: Path, layout: Layout) -> None:
    """Create the files that are not finalized at `partial`, sparse; existing ones are kept."""
    folder = partial if layout.is_folder else partial.parent
    with translating(folder):
        folder.mkdir(parents=True, exist_ok=True)
    made: set[tuple[str, ...]] = {()}
    for number in layout.numbers:
        if number in layout.finalized:
            continue
        place = layout.place(number)
        with translating(place.path):
            if place.parts[:-1] not in made:
                os.close(open_folder(partial, place.parts[:-1], make=True))
                made.add(place.parts[:-1])
            _make_file(partial, place.parts, layout.length(number))


def make_part_file(layout: Layout) -> None:
    """Create the part file for bytes of unwanted files, if the layout has one."""
    if layout.part_file is not None:
        with translating(layout.part_file):
            _make_file(layout.part_file, (), layout.length(len(layout.files)))


def prepare_in_place(layout: Layout) -> None:
    """Check that files at their final paths can be written there, and extend short ones.

    Raises MinitorrentError(file_exists) for one that has other names, too.
    """
    for number in layout.finalized:
        place = layout.place(number)
        with translating(place.path):
            descriptor = open_beneath(*place)
            try:
                _prepare(descriptor, place.path, layout.length(number))
            finally:
                os.close(descriptor)


def _prepare(descriptor: int, path: Path, length: int) -> None:
    status = os.fstat(descriptor)
    if status.st_nlink > 1:
        raise MinitorrentError(
            ErrorCode.FILE_EXISTS,
            f"{shown(path)} has other names, too (hard links), which would be changed with it; "
            "copy it, or choose another destination.",
        )
    if status.st_size < length:
        os.ftruncate(descriptor, length)


def _make_file(root: Path, parts: tuple[str, ...], length: int) -> None:
    """Create the file if necessary and set its full length; its content is kept."""
    descriptor = open_beneath(root, parts, WRITE | os.O_CREAT)
    try:
        if os.fstat(descriptor).st_size != length:
            os.ftruncate(descriptor, length)
    finally:
        os.close(descriptor)
