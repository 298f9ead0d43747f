"""Downloading a group's files: existing content at the destination, and refusals."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from client.core.transfers.download_options import DownloadOptions
from client.net.tracker.listing import listed_peers
from client.results.transfers import TransferState
from client.storage.files.naming import partial_path
from client.transfers.resting_transfer import EXPECTED_FOR
from common import metainfo
from common.api import presence
from common.errors import ErrorCode, MinitorrentError
from common.magnet import Magnet
from common.metainfo import Metainfo
from common.types import Endpoint, PeerId
from tests.support.fakes.tracker_calls import URL
from tests.support.fakes.transfers import failure, shown
from tests.support.security.authority import Group
from tests.unit.client.services.conftest import Sharer
from tests.unit.client.services.content.films import CONTENT, refused
from tests.unit.client.storage.contents import PIECE, describe, put, tree

WRONG = b"\0" * PIECE + CONTENT[PIECE:]
"""The first of four pieces is wrong."""
IN_PLACE = DownloadOptions(in_place=True)


# --- a new download ---------------------------------------------------------------------------
def test_the_peers_that_come_with_the_metainfo_are_dialled_beside_the_announce(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    bob = presence.PeerRow(host="10.0.0.2", port=6881, peer_id="62" * 20, user="bob")
    ann.tracker.peers = [bob]
    transfer = ann.download("film", tmp_path)
    assert ann.prepared == ["lab"]
    assert list(ann.lab.announcer.announced) == [film.info_hash]
    (dial,) = ann.lab.client.dialer.dials
    assert (dial.endpoint, dial.peer_id) == (Endpoint("10.0.0.2", 6881), PeerId(b"b" * 20))
    transfer.learn(listed_peers(presence.FilePresence(info_hash="", peers=[bob])))
    assert len(ann.lab.client.dialer.dials) == 1, "the announce lists bob as well"


def test_peers_that_were_listed_long_ago_are_not_dialled(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    ann.tracker.peers = [
        presence.PeerRow(host="10.0.0.2", port=6881, peer_id="62" * 20, user="bob")
    ]
    ann.downloads.download("ann", "lab", "film", str(tmp_path))
    ann.lab.clock.advance(EXPECTED_FOR)
    ann.lab.jobs.run()
    assert list(ann.lab.announcer.announced) == [film.info_hash]
    assert not ann.lab.client.dialer.dials


def test_a_download_into_a_folder_gets_the_files_name(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    transfer = ann.download("film", tmp_path)
    assert shown(transfer) is TransferState.DOWNLOADING
    assert transfer.path == tmp_path / "film"
    (record,) = ann.records
    assert (record.is_upload, record.complete, record.name) == (False, False, "film")
    assert list(ann.lab.announcer.announced) == [film.info_hash]
    ann.lab.seeder(transfer, CONTENT).give()
    ann.lab.jobs.run()
    assert (tmp_path / "film").read_bytes() == CONTENT


def test_the_file_and_its_group_are_asked_for_at_once(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    """Over a long line, one after the other takes a round trip more."""
    both = threading.Barrier(2, timeout=20.0)
    ann.tracker.before = {"get_file": both.wait, "get_group": both.wait}
    assert shown(ann.download("film", tmp_path)) is TransferState.DOWNLOADING


def test_a_download_may_get_another_name(ann: Sharer, film: Metainfo, tmp_path: Path) -> None:
    assert ann.download("film", tmp_path / "my film").path == tmp_path / "my film"


def test_unshared_content_is_refused(ann: Sharer, tmp_path: Path) -> None:
    assert refused(ann, "film", tmp_path).code is ErrorCode.NO_SUCH_FILE


def test_a_download_that_does_not_fit_is_refused(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    ann.lab.free = len(CONTENT) - 1
    (tmp_path / "data").mkdir()
    assert refused(ann, "film", tmp_path / "data").code is ErrorCode.DISK_FULL
    assert tree(tmp_path / "data") == {}


def test_a_tracker_that_fails_midway_leaves_nothing_behind(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    for operation in ("get_file", "get_group"):
        ann.tracker.fail(operation)
        assert refused(ann, "film", tmp_path).code is ErrorCode.TRACKER_UNREACHABLE
        ann.tracker.before.clear()
    assert not (tmp_path / "film").exists()


def test_metainfo_that_is_not_the_files_is_refused(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    ann.tracker.lies = True
    assert refused(ann, "film", tmp_path).code is ErrorCode.INTERNAL


def test_open_content_in_a_sealed_group_is_refused(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    ann.tracker.authority = Group().certificate
    error = refused(ann, "film", tmp_path)
    assert error.code is ErrorCode.PERMISSION_DENIED
    assert "not sealed" in error.message


# --- existing content ------------------------------------------------------------------
def test_right_content_at_the_destination_is_shared_at_once(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    put(tmp_path / "film", CONTENT)
    transfer = ann.download("film", tmp_path)
    assert shown(transfer) is TransferState.SEEDING
    assert ann.records[0].complete
    assert transfer.storage.checked == 0, "it was hashed once"


@pytest.mark.parametrize(
    ("there", "way"),
    [(WRONG, "3 of 4 pieces are right; add --resume"), (b"a letter", "0 of 4 pieces are right")],
)
def test_another_file_at_the_destination_is_kept(
    ann: Sharer, film: Metainfo, tmp_path: Path, there: bytes, way: str
) -> None:
    put(tmp_path / "film", there)
    error = refused(ann, "film", tmp_path)
    assert error.code is ErrorCode.FILE_EXISTS
    assert way in error.message
    assert (tmp_path / "film").read_bytes() == there


def test_a_folder_where_a_file_should_be_is_refused(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    (tmp_path / "here" / "film").mkdir(parents=True)
    error = refused(ann, "film", tmp_path / "here", IN_PLACE)
    assert error.code is ErrorCode.FILE_EXISTS
    assert "There is a folder" in error.message


def test_a_file_downloaded_with_resume_is_repaired_in_place(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    put(tmp_path / "film", WRONG)
    transfer = ann.download("film", tmp_path, IN_PLACE)
    assert (shown(transfer), transfer.verified.count) == (TransferState.DOWNLOADING, 3)
    assert "3 of 4 pieces are right" in ann.warnings[0]
    assert not partial_path(film, transfer.path).exists()
    ann.lab.seeder(transfer, CONTENT).give()
    ann.lab.jobs.run()
    assert shown(transfer) is TransferState.SEEDING
    assert (tmp_path / "film").read_bytes() == CONTENT
    assert transfer.transferred == (0, PIECE)


def test_a_link_is_not_written_through(ann: Sharer, film: Metainfo, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", WRONG)
    (tmp_path / "film").symlink_to(tmp_path / "elsewhere")
    error = refused(ann, "film", tmp_path, IN_PLACE)
    assert error.code is ErrorCode.FILE_EXISTS
    assert (tmp_path / "elsewhere").read_bytes() == WRONG


def test_a_file_that_another_transfer_uses_is_not_written(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    put(tmp_path / "film", WRONG)
    ann.upload(tmp_path / "film", "mine")
    error = refused(ann, "film", tmp_path, IN_PLACE)
    assert error.code is ErrorCode.FILE_EXISTS
    assert "lab/mine uses" in error.message
    assert (tmp_path / "film").read_bytes() == WRONG


# --- the same download again ------------------------------------------------------------------
def test_the_same_download_again_continues_the_first(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    first = ann.download("film", tmp_path)
    first.pause()
    assert ann.download("film", tmp_path) is first
    assert shown(first) is TransferState.DOWNLOADING
    assert len(ann.records) == 1


def test_a_download_is_not_begun_at_a_second_place(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    first = ann.download("film", tmp_path)
    error = refused(ann, "film", tmp_path / "other")
    assert error.code is ErrorCode.FILE_EXISTS
    assert "already at" in error.message
    assert shown(first) is TransferState.DOWNLOADING


def test_other_content_under_the_name_replaces_the_download(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    first = ann.download("film", tmp_path)
    ann.offered(describe(CONTENT[:PIECE], name="film"))
    second = ann.download("film", tmp_path)
    assert second.info_hash != first.info_hash
    assert ann.manager.all() == [second]
    assert not partial_path(film, first.path).exists()
    assert len(ann.records) == 1


def finished(ann: Sharer, tmp_path: Path) -> None:
    """Download the film to its end."""
    transfer = ann.download("film", tmp_path)
    ann.lab.seeder(transfer, CONTENT).give()
    ann.lab.jobs.run()
    assert shown(transfer) is TransferState.SEEDING


def test_a_deleted_file_is_downloaded_again(ann: Sharer, film: Metainfo, tmp_path: Path) -> None:
    finished(ann, tmp_path)
    (tmp_path / "film").unlink()
    again = ann.download("film", tmp_path)
    assert (shown(again), again.verified.count) == (TransferState.DOWNLOADING, 0)
    assert ann.manager.all() == [again]


def test_an_edited_file_is_repaired_only_when_asked(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    finished(ann, tmp_path)
    (tmp_path / "film").write_bytes(WRONG)
    (transfer,) = ann.manager.all()
    with pytest.raises(MinitorrentError, match="3 of 4 pieces are right; add --resume"):
        ann.download("film", tmp_path)
    ann.lab.jobs.run()
    assert (shown(transfer), failure(transfer)) == (TransferState.FAILED, ErrorCode.FILE_CHANGED)
    assert (tmp_path / "film").read_bytes() == WRONG
    repaired = ann.download("film", tmp_path, IN_PLACE)
    assert (shown(repaired), repaired.verified.count) == (TransferState.DOWNLOADING, 3)
    ann.lab.seeder(repaired, CONTENT).give()
    ann.lab.jobs.run()
    assert (tmp_path / "film").read_bytes() == CONTENT


def test_a_file_that_was_only_touched_is_shared_on(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    finished(ann, tmp_path)
    (tmp_path / "film").write_bytes(CONTENT)
    (transfer,) = ann.manager.all()
    transfer.checkpoint()
    assert shown(transfer) is TransferState.FAILED
    assert ann.download("film", tmp_path) is transfer
    assert shown(transfer) is TransferState.SEEDING


# --- by metainfo file or link -----------------------------------------------------------------
def get(ann: Sharer, reference: str, to: Path) -> None:
    ann.downloads.get("ann", reference, str(to))
    ann.lab.jobs.run()


def test_a_metainfo_file_or_link_names_a_file_of_the_group(
    ann: Sharer, film: Metainfo, tmp_path: Path
) -> None:
    put(tmp_path / "f.torrent", metainfo.encode(film.info_bytes))
    get(ann, str(tmp_path / "f.torrent"), tmp_path)
    link = Magnet(film.info_hash, "film", (URL,))
    get(ann, link.encode(), tmp_path)
    (transfer,) = ann.manager.all()
    assert (transfer.record.name, shown(transfer)) == ("film", TransferState.DOWNLOADING)


def test_an_unshared_link_is_looked_up_at_its_peers(ann: Sharer, tmp_path: Path) -> None:
    ann.of_peers = ours = describe(CONTENT, name="film")
    link = Magnet(ours.info_hash, "film", (), (Endpoint("127.0.0.2", 6881),)).encode()
    get(ann, link, tmp_path)
    assert list(ann.tracker.shared) == ["film"]
    assert shown(ann.manager.all()[0]) is TransferState.DOWNLOADING


def test_an_unshared_link_without_peers_is_refused(ann: Sharer, tmp_path: Path) -> None:
    with pytest.raises(MinitorrentError) as caught:
        get(ann, Magnet(describe(CONTENT).info_hash, "film").encode(), tmp_path)
    assert caught.value.code is ErrorCode.NO_SUCH_FILE
    assert ann.records == []


def test_a_description_is_that_of_the_groups_file(ann: Sharer, film: Metainfo) -> None:
    assert ann.downloads.describe("lab", "film").info_hash == film.info_hash
