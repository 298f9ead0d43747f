"""Shares that nobody downloads: what they cost, counted in calls, and what wakes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from client.core.admission.candidates import PeerCandidate
from client.core.transfers.download_options import DownloadOptions
from client.core.transfers.transfer_state import Resting
from client.results.transfers import TransferState
from client.state.database import Database
from client.state.transfers import TransferStore
from client.storage.files.handles import OPEN
from client.transfers import transfer_manager
from client.transfers.resting_transfer import QUIET_CHECKPOINTS
from client.transfers.transfer import Transfer
from client.transfers.transfer_manager import TransferManager
from client.transfers.transfer_storage import TransferStorage
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tests.support.fakes.connections import PEER, FakeTransport, handshake_for
from tests.support.fakes.torrents import PEER_AT, connect_member
from tests.support.fakes.transfers import TransferLab, failure, shown, torrent_of
from tests.unit.client.storage.contents import describe, put, random_bytes
from tests.unit.client.transfers.conftest import CONTENT, DESCRIBED, change

MANY = 50
CANDIDATE = PeerCandidate(PEER_AT, PEER, "bob")


@dataclass
class Counts:
    """How often something expensive was done."""

    metainfos: int = 0
    changes: int = 0


class CountingStore(TransferStore):
    """Counts the metainfos that are read, and what is written."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.counts = Counts()

    def metainfo(self, transfer: int) -> bytes:
        self.counts.metainfos += 1
        return super().metainfo(transfer)

    def _set(self, transfer: int, **values: object) -> None:
        self.counts.changes += 1
        super()._set(transfer, **values)


@pytest.fixture
def store(database: Database) -> CountingStore:
    return CountingStore(database)


@pytest.fixture
def lab(database: Database, store: CountingStore) -> TransferLab:
    return TransferLab(database, store=store)


@pytest.fixture
def resting(lab: TransferLab, upload: Transfer) -> Iterator[Transfer]:
    """A share as the next start of the client finds it, unchanged."""
    yield (found := rested(lab, upload))
    found.halt()


def rested(lab: TransferLab, hashed_before: Transfer) -> Transfer:
    """Have a share hashed once, and start it again."""
    hashed_before.start()
    lab.jobs.run()
    hashed_before.halt()
    lab.credentials.is_known = True
    again = lab.reopen(hashed_before)
    again.start()
    lab.jobs.run()
    return again


def is_resting(transfer: Transfer) -> bool:
    """Whether a transfer has no torrent, and would get one."""
    return transfer.is_active and transfer.torrent is None


# --- what it costs ----------------------------------------------------------------------------
def test_an_unchanged_share_rests_from_the_start(
    lab: TransferLab, store: CountingStore, upload: Transfer
) -> None:
    rested(lab, upload).halt()
    before, open_files = store.counts.metainfos, OPEN.count
    share = lab.reopen(upload)
    share.start()
    lab.jobs.run()
    assert is_resting(share)
    assert shown(share) is TransferState.SEEDING
    assert (share.size, share.done, share.left, share.transferred) == (
        len(CONTENT),
        len(CONTENT),
        0,
        (0, 0),
    )
    assert share.is_idle
    assert not share.is_running
    assert lab.announcer.announced == {DESCRIBED.info_hash: share}
    assert (store.counts.metainfos, OPEN.count) == (before, open_files)
    assert share.verified.complete, "it is read when somebody asks"
    assert store.counts.metainfos == before + 1
    share.halt()


@pytest.fixture
def seen_before(lab: TransferLab, tmp_path: Path) -> Iterator[TransferManager]:
    """A client that has hashed many shares once, and has none loaded."""
    for number in range(MANY):
        content = random_bytes(100, number)
        put(tmp_path / f"f{number}", content)
        described = describe(content, name=f"f{number}")
        lab.record(described, tmp_path / f"f{number}", is_upload=True)
    manager = TransferManager(lab.context)
    manager.load("ann", lambda _: True)
    lab.jobs.run()
    manager.empty()
    lab.credentials.is_known = True
    yield manager
    manager.close()


def test_idle_shares_cost_the_ticker_and_the_database_nothing(
    lab: TransferLab,
    store: CountingStore,
    seen_before: TransferManager,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = store.counts.metainfos
    manager = seen_before
    manager.load("ann", lambda _: True)
    lab.jobs.run()
    assert all(map(is_resting, manager.all()))
    assert len(lab.announcer.announced) == MANY
    assert store.counts.metainfos == before
    assert lab.context.lively.all() == []
    changes = store.counts.changes
    ticks, looks = list[Transfer](), list[TransferStorage]()

    def is_unchanged(storage: TransferStorage) -> bool:
        looks.append(storage)
        return True

    monkeypatch.setattr(Transfer, "tick", ticks.append)
    monkeypatch.setattr(TransferStorage, "is_unchanged", is_unchanged)
    manager.tick()
    manager.checkpoint_later()
    lab.jobs.run()
    assert not ticks
    assert len(looks) == MANY, "each file is looked at once a checkpoint"
    assert store.counts.changes == changes
    assert manager.active.all() == []


def test_a_checkpoint_looks_at_so_many_files_and_then_at_others(
    lab: TransferLab, seen_before: TransferManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_before.load("ann", lambda _: True)
    lab.jobs.run()
    looks: list[TransferStorage] = []
    monkeypatch.setattr(transfer_manager, "LOOKED_AT", MANY - 1)

    def is_unchanged(storage: TransferStorage) -> bool:
        looks.append(storage)
        return True

    monkeypatch.setattr(TransferStorage, "is_unchanged", is_unchanged)
    for checkpoints in (1, 2):
        seen_before.checkpoint_later()
        lab.jobs.run()
        assert len(looks) == checkpoints * (MANY - 1)
    assert len(set(map(id, looks))) == MANY


def test_the_first_share_of_a_group_is_opened(lab: TransferLab, upload: Transfer) -> None:
    share = rested(lab, upload)
    share.halt()
    lab.credentials.is_known = False
    share.start()
    lab.jobs.run()
    assert share.torrent is not None, "which gets us the group's certificate"
    share.halt()


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ({"a": b"some", "b": b"more"}, DownloadOptions()),
        ({"a": b"some"}, DownloadOptions()),
        (b"some", DownloadOptions(priority=3)),
    ],
)
def test_folders_and_what_has_options_do_not_rest(
    lab: TransferLab, tmp_path: Path, content: bytes | dict[str, bytes], options: DownloadOptions
) -> None:
    lab.credentials.is_known = True
    put(tmp_path / "content", content)
    record = lab.record(describe(content), tmp_path / "content", complete=True, options=options)
    share = lab.open(record)
    for _ in range(2):
        share.start()
        lab.jobs.run()
        assert share.torrent is not None
        share.halt()
        share = lab.reopen(share)


# --- waking -----------------------------------------------------------------------------------
def test_a_connection_wakes_it(lab: TransferLab, resting: Transfer) -> None:
    manager = TransferManager(lab.context)
    manager._by_content.add(resting)
    shaken = handshake_for(DESCRIBED.info_hash)
    assert manager.active.admit(FakeTransport(), shaken, Endpoint("127.0.0.9", 1))
    assert torrent_of(resting).connection_count == 1
    assert shown(resting) is TransferState.SEEDING
    assert lab.context.lively.all() == [resting]
    assert manager.active.all() == [torrent_of(resting)]
    assert manager.active.find_group_tls(DESCRIBED.info_hash) is None


def test_a_peer_to_dial_wakes_it(lab: TransferLab, resting: Transfer) -> None:
    resting.learn([])
    lab.jobs.run()
    assert is_resting(resting)
    resting.learn([CANDIDATE])
    lab.jobs.run()
    assert torrent_of(resting).reachability()[0] == 1


def test_it_does_not_wake_once_it_was_stopped(lab: TransferLab, resting: Transfer) -> None:
    resting.learn([CANDIDATE])
    resting.pause()
    assert lab.announcer.announced == {}
    lab.jobs.run()
    assert resting.wake() is None
    assert shown(resting) is TransferState.PAUSED
    resting.resume()
    lab.jobs.run()
    assert is_resting(resting)


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_changed_file_fails_at_the_checkpoint(
    lab: TransferLab, resting: Transfer, is_gone: bool
) -> None:
    resting.checkpoint()
    assert is_resting(resting)
    if is_gone:
        resting.path.unlink()
    else:
        change(resting.path)
    resting.checkpoint()
    assert (shown(resting), failure(resting)) == (TransferState.FAILED, ErrorCode.FILE_CHANGED)
    assert resting.error is not None
    assert ("moved or deleted" if is_gone else "has changed") in resting.error.message
    assert lab.announcer.announced == {}


def test_a_changed_file_is_not_served(lab: TransferLab, resting: Transfer) -> None:
    change(resting.path)
    assert resting.wake() is None
    assert failure(resting) is ErrorCode.FILE_CHANGED


def test_a_file_changed_between_two_runs_is_hashed(lab: TransferLab, resting: Transfer) -> None:
    resting.halt()
    change(resting.path)
    again = lab.reopen(resting)
    again.start()
    lab.jobs.run()
    assert failure(again) is ErrorCode.FILE_CHANGED


def test_a_refusal_or_an_unreadable_record_fails_it_when_it_wakes(
    lab: TransferLab, resting: Transfer
) -> None:
    lab.credentials.error = MinitorrentError(ErrorCode.NOT_MEMBER, "You are no member.")
    assert resting.wake() is None
    assert failure(resting) is ErrorCode.NOT_MEMBER
    lab.credentials.error = None
    resting.resume()
    lab.jobs.run()
    resting.storage.forget()
    lab.store.remove(resting.record.id)
    assert resting.wake() is None
    assert failure(resting) is ErrorCode.INTERNAL


# --- resting again ----------------------------------------------------------------------------
def test_it_rests_again_when_nobody_was_there_for_a_while(
    lab: TransferLab, resting: Transfer
) -> None:
    torrent = resting.wake()
    assert torrent is not None
    peer = connect_member(lab.client, torrent, "bob")
    torrent.on_sent(peer, 1000)
    for _ in range(2 * QUIET_CHECKPOINTS):
        resting.checkpoint()
    assert resting.torrent is torrent, "somebody is connected"
    peer.end()
    for _ in range(QUIET_CHECKPOINTS):
        assert resting.torrent is torrent
        resting.checkpoint()
    assert is_resting(resting)
    assert lab.context.lively.all() == []
    assert resting.transferred == (1000, 0)
    assert lab.saved(resting).uploaded == 1000
    assert lab.announcer.announced == {DESCRIBED.info_hash: resting}
    again = resting.wake()
    assert again is not None
    again.on_sent(connect_member(lab.client, again, "eve"), 500)
    assert resting.transferred == (1500, 0)
    assert resting.storage.uploaded(again) == 1500
    resting.checkpoint()
    assert lab.saved(resting).uploaded == 1500


def test_a_finished_download_rests_when_it_is_idle(lab: TransferLab, complete: Transfer) -> None:
    complete.counted()
    lab.jobs.run()
    for connection in lab.client.connections.made:
        connection.end()
    for _ in range(QUIET_CHECKPOINTS):
        complete.checkpoint()
    assert complete._state == Resting()
    assert complete.wake() is not None
    assert complete.verified.complete


def test_a_resting_share_can_be_rechecked_and_discarded(
    lab: TransferLab, resting: Transfer
) -> None:
    change(resting.path, quietly=True)
    resting.halt()
    resting.start(recheck=True)
    lab.jobs.run()
    assert failure(resting) is ErrorCode.FILE_CHANGED
    change(resting.path, quietly=True)
    resting.resume()
    lab.jobs.run()
    resting.discard()
    assert resting.path.exists()
    assert lab.store.get(resting.record.id) is None
