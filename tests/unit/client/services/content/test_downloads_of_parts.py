"""Downloads of some files of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.core.transfers.download_options import DownloadOptions
from client.results.transfers import TransferState
from client.services.views import folder_files
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo
from tests.support.fakes.transfers import shown
from tests.unit.client.services.conftest import Sharer
from tests.unit.client.services.content.films import refused
from tests.unit.client.storage.contents import PIECE, describe, random_bytes, tree

FOLDER = {"a": random_bytes(2 * PIECE, seed=3), "b/c": random_bytes(2 * PIECE, seed=4)}


def only(*patterns: str) -> DownloadOptions:
    return DownloadOptions(only=patterns)


def test_downloading_again_adds_files_of_a_folder(ann: Sharer, tmp_path: Path) -> None:
    ann.offered(describe(FOLDER, name="trip"))
    whole = b"".join(FOLDER.values())
    first = ann.download("trip", tmp_path, only("a"))
    ann.lab.seeder(first, whole).give()
    ann.lab.jobs.run()
    assert tree(tmp_path / "trip") == {"a": FOLDER["a"]}
    assert ann.download("trip", tmp_path, only("a")) is first
    second = ann.download("trip", tmp_path, only("b/*"))
    assert shown(second) is TransferState.DOWNLOADING
    assert ann.manager.all() == [second]
    assert (second.size, second.done) == (4 * PIECE, 2 * PIECE)
    ann.lab.seeder(second, whole, "eve", "127.0.0.3").give()
    ann.lab.jobs.run()
    assert tree(tmp_path / "trip") == FOLDER
    assert second.transferred == (0, 2 * PIECE)


def test_files_are_chosen_and_ordered_while_they_are_downloaded(
    ann: Sharer, tmp_path: Path
) -> None:
    ann.offered(describe(FOLDER, name="trip"))
    first = ann.download("trip", tmp_path, only("a"))
    ann.lab.free = 0  # it has to fit again
    with pytest.raises(MinitorrentError, match="space"):
        ann.downloads.choose(first, DownloadOptions())
    ann.lab.free = 100 * PIECE
    ann.downloads.choose(first, only("a"))
    assert ann.manager.all() == [first], "nothing has changed"
    ann.downloads.choose(first, DownloadOptions(only=("a", "b/*"), first=("b",)))
    ann.lab.jobs.run()
    (second,) = ann.manager.all()
    files = {file.path: file for file in folder_files(second)}
    assert [path for path, file in files.items() if file.chosen] == list(FOLDER)
    assert {path for path, file in files.items() if file.urgency == "high"} == set(FOLDER) - {"a"}
    assert list(second.storage.selection.tiers[0]) != []
    ann.lab.seeder(second, b"".join(FOLDER.values())).give()
    ann.lab.jobs.run()
    assert tree(tmp_path / "trip") == FOLDER
    assert all(file.done == file.size for file in folder_files(second))
    ann.downloads.choose(second, DownloadOptions(last=("a",)))
    assert ann.manager.all() == [second], "it is complete"


def test_more_files_than_the_disk_has_space_for_are_refused(ann: Sharer, tmp_path: Path) -> None:
    ann.offered(describe(FOLDER, name="trip"))
    first = ann.download("trip", tmp_path, only("a"))
    ann.lab.free = PIECE
    assert refused(ann, "trip", tmp_path).code is ErrorCode.DISK_FULL
    assert shown(first) is TransferState.DOWNLOADING
    assert first.storage.options.only == ("a",)


@pytest.mark.parametrize(
    ("name", "pattern", "words"),
    [("trip", "z*", "it has 'a', 'b/c'"), ("film", "a", "leave --only out")],
)
def test_a_selection_of_nothing_is_refused(
    ann: Sharer, film: Metainfo, tmp_path: Path, name: str, pattern: str, words: str
) -> None:
    ann.offered(describe(FOLDER, name="trip"))
    error = refused(ann, name, tmp_path, only(pattern))
    assert error.code is ErrorCode.USAGE
    assert words in error.message
