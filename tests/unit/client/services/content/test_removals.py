"""Transfers of files that an admin removes from the group."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from client.core.notices.events import FileRemoved, ShareFailed
from client.results.transfers import TransferState
from client.services.content.removals import Removals
from client.transfers.backlog import CHUNK
from client.transfers.transfer import Transfer
from common.errors import ErrorCode
from tests.unit.client.services.conftest import Sharer
from tests.unit.client.storage.contents import describe

SENTENCE = "ann removed film.mkv from lab."


def removal(transfer: Transfer, *, is_new: bool = False) -> FileRemoved:
    """The event that the tracker sends for the file of a transfer."""
    return FileRemoved("lab", transfer.record.name, transfer.info_hash, SENTENCE, is_new)


def remove(ann: Sharer, transfer: Transfer, *, is_new: bool = False) -> None:
    """Remove the file of a transfer, and let the client hear of it."""
    ann.tracker.shared.pop(transfer.record.name, None)
    ann.removals.on_removed(removal(transfer, is_new=is_new))
    ann.lab.jobs.run()


def share(ann: Sharer, folder: Path) -> Transfer:
    path = folder / "film.mkv"
    path.write_bytes(b"x" * 100)
    return ann.upload(path)


def test_a_share_ends_and_its_file_stays(ann: Sharer, tmp_path: Path) -> None:
    transfer = share(ann, tmp_path)
    remove(ann, transfer)
    assert ann.manager.find("lab", "film.mkv") is None
    assert (ann.records, ann.lab.announcer.announced) == ([], {})
    assert (tmp_path / "film.mkv").read_bytes() == b"x" * 100
    assert [e for e in ann.lab.happened if isinstance(e, ShareFailed)] == []


def test_a_removal_that_only_an_announce_reveals_is_reported(ann: Sharer, tmp_path: Path) -> None:
    transfer = share(ann, tmp_path)
    ann.lab.context.events.subscribe(FileRemoved, ann.removals.on_removed)
    ann.tracker.shared.clear()
    transfer.removed(SENTENCE)  # as the announcer calls it
    ann.lab.jobs.run()
    assert ann.records == []
    assert ann.lab.happened[-1] == ShareFailed("lab", "film.mkv", ErrorCode.NO_SUCH_FILE, SENTENCE)


def test_a_paused_share_ends_too(ann: Sharer, tmp_path: Path) -> None:
    transfer = share(ann, tmp_path)
    transfer.pause()
    remove(ann, transfer)
    assert ann.records == []


def test_a_download_fails_with_the_reason_and_keeps_its_data(ann: Sharer, tmp_path: Path) -> None:
    ann.offered(describe(b"y" * 100, name="film.mkv"))
    transfer = ann.download("film.mkv", tmp_path)
    assert transfer.torrent is not None
    remove(ann, transfer)
    assert transfer.state is TransferState.FAILED
    assert transfer.error is not None
    assert (transfer.error.code, transfer.error.message) == (ErrorCode.NO_SUCH_FILE, SENTENCE)
    assert ann.manager.find("lab", "film.mkv") is transfer
    assert len(ann.records) == 1


def test_a_paused_download_fails_too(ann: Sharer, tmp_path: Path) -> None:
    ann.offered(describe(b"y" * 100, name="film.mkv"))
    transfer = ann.download("film.mkv", tmp_path)
    transfer.pause()
    remove(ann, transfer)
    assert transfer.state is TransferState.FAILED
    remove(ann, transfer)
    assert transfer.error is not None
    assert transfer.error.message == SENTENCE


def test_a_share_that_waits_since_the_login_ends_too(ann: Sharer, tmp_path: Path) -> None:
    for number in range(CHUNK + 1):
        path = tmp_path / f"{number}"
        path.write_bytes(b"x")
        transfer = ann.upload(path)
    ann.manager.empty()
    ann.manager.load("ann", lambda _: True)
    assert [record.name for record in ann.manager.waiting()] == [str(CHUNK)]
    remove(ann, transfer)
    assert str(CHUNK) not in [record.name for record in ann.records]
    assert len(ann.records) == CHUNK


def test_other_content_of_the_name_is_left_alone(ann: Sharer, tmp_path: Path) -> None:
    transfer = share(ann, tmp_path)
    other = describe(b"z", name="film.mkv")
    ann.removals.on_removed(FileRemoved("lab", "film.mkv", other.info_hash, SENTENCE))
    ann.lab.jobs.run()
    ann.removals.on_removed(FileRemoved("lab", "unknown", transfer.info_hash, SENTENCE))
    ann.lab.jobs.run()
    assert ann.manager.find("lab", "film.mkv") is transfer


def test_a_file_that_was_added_again_meanwhile_stays_shared(ann: Sharer, tmp_path: Path) -> None:
    transfer = share(ann, tmp_path)
    ann.removals.on_removed(removal(transfer))  # late: the tracker has the file again
    ann.lab.jobs.run()
    assert transfer.state is TransferState.SEEDING


def test_without_a_tracker_the_next_announce_decides(ann: Sharer, tmp_path: Path) -> None:
    transfer = share(ann, tmp_path)
    ann.tracker.fail("find_file")
    remove(ann, transfer)
    assert transfer.state is TransferState.SEEDING


def test_the_name_is_free_for_other_content(ann: Sharer, tmp_path: Path) -> None:
    transfer = share(ann, tmp_path)
    remove(ann, transfer)
    (tmp_path / "film.mkv").write_bytes(b"other content")
    assert ann.upload(tmp_path / "film.mkv").info_hash != transfer.info_hash


def test_a_removal_during_the_end_of_the_client(ann: Sharer, tmp_path: Path) -> None:
    transfer = share(ann, tmp_path)
    jobs = ThreadPoolExecutor(1)
    jobs.shutdown()
    events = ann.lab.context.events
    Removals(ann.tracker, ann.manager, jobs, events).on_removed(removal(transfer))
    assert ann.manager.find("lab", "film.mkv") is transfer
