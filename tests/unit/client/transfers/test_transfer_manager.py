"""All transfers of a login: loaded in the background, found, discarded, stopped and ticked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from client.core.admission.candidates import PeerCandidate
from client.core.swarm.swarm_config import SwarmConfig
from client.results.transfers import TransferState
from client.state.database import Database
from client.state.rate_limits import RateLimitStore
from client.state.transfers import TransferRecord, TransferStore
from client.transfers.disk_space import INTERVAL
from client.transfers.transfer import Transfer
from client.transfers.transfer_manager import TransferManager
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash
from tests.support.databases.stored import transfers_of
from tests.support.fakes.connections import PEER
from tests.support.fakes.torrents import PEER_AT, connect_member
from tests.support.fakes.transfers import TransferLab, failure, shown, torrent_of
from tests.unit.client.storage.contents import describe, random_bytes
from tests.unit.client.transfers.conftest import CONTENT, DESCRIBED

FIRST, MORE = 3, 4
"""Shares that are loaded at first, and that follow."""


class SmallChunks(TransferStore):
    """Returns few shares at a time, so that a test needs few."""

    def list_complete(
        self, user: str, after: int, until: int, limit: int | None = None
    ) -> list[TransferRecord]:
        return super().list_complete(user, after, until, limit and FIRST)


@pytest.fixture
def lab(database: Database) -> TransferLab:
    return TransferLab(database, store=SmallChunks(database))


@pytest.fixture
def manager(lab: TransferLab) -> Iterator[TransferManager]:
    manager = TransferManager(lab.context)
    yield manager
    manager.close()


def everybody(_: str) -> bool:
    return True


def share(lab: TransferLab, folder: Path, name: str, *, group: str = "lab") -> TransferRecord:
    """A record of a complete file of one piece, which exists."""
    content = random_bytes(100, seed=sum(name.encode()))
    (folder / name).write_bytes(content)
    described = describe(content, name=name)
    return lab.record(described, folder / name, is_upload=True, group=group)


@pytest.fixture
def many(lab: TransferLab, tmp_path: Path) -> list[str]:
    """The names of more shares than are loaded at once."""
    names = [f"file {number:03}" for number in range(FIRST + MORE)]
    for name in names:
        share(lab, tmp_path, name)
    return names


def names(transfers: list[Transfer]) -> list[str]:
    return [one.record.name for one in transfers]


# --- adding and finding -----------------------------------------------------------------------
def test_an_added_transfer_starts_and_can_be_found(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    transfer = manager.add(lab.record(DESCRIBED, tmp_path / "content"))
    assert shown(transfer) is TransferState.QUEUED
    assert manager.get("lab", "content") is manager.find("lab", "content") is transfer
    assert manager.of(DESCRIBED.info_hash) is transfer
    assert manager.all() == [transfer]
    assert manager.find("other", "content") is None
    assert manager.of(InfoHash(b"o" * 20)) is None


def test_missing_transfers_give_a_helpful_error(manager: TransferManager) -> None:
    with pytest.raises(MinitorrentError, match="show_downloads") as caught:
        manager.get("lab", "content")
    assert caught.value.code is ErrorCode.NO_SUCH_FILE


def test_only_complete_transfers_count_as_shared(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    manager.add(share(lab, tmp_path, "mine"))
    manager.add(lab.record(DESCRIBED, tmp_path / "content"))
    assert manager.shared("lab", ["mine", "content", "other"]) == {"mine"}


def test_a_discarded_transfer_is_forgotten_with_its_limits(
    lab: TransferLab, manager: TransferManager, database: Database, tmp_path: Path
) -> None:
    transfer = manager.add(lab.record(DESCRIBED, tmp_path / "content"))
    lab.jobs.run()
    lab.context.rate_limits.set(transfer.record, "down", 1000)
    manager.discard(transfer)
    assert (manager.all(), manager.of(DESCRIBED.info_hash)) == ([], None)
    assert lab.store.get(transfer.record.id) is None
    assert RateLimitStore(database).all() == {}
    assert list(tmp_path.glob("content*")) == []


# --- loading at a login -----------------------------------------------------------------------
def test_the_first_shares_are_loaded_and_the_others_follow(
    lab: TransferLab, manager: TransferManager, many: list[str]
) -> None:
    assert manager.load("ann", everybody) == len(many)
    assert names(manager.all()) == many[:FIRST]
    assert [record.name for record in manager.waiting()] == many[FIRST:]
    lab.jobs.run()
    assert names(manager.all()) == many
    assert manager.waiting() == []
    assert {shown(one) for one in manager.all()} == {TransferState.SEEDING}
    assert len(lab.announcer.announced) == len(many)


def test_unfinished_downloads_are_loaded_first_and_all_at_once(
    lab: TransferLab, manager: TransferManager, many: list[str], tmp_path: Path
) -> None:
    lab.record(DESCRIBED, tmp_path / "content")
    manager.load("ann", everybody)
    assert names(manager.all())[0] == "content"
    assert shown(manager.get("lab", "content")) is TransferState.QUEUED


def test_a_requested_share_is_loaded_at_once(
    lab: TransferLab, manager: TransferManager, many: list[str]
) -> None:
    manager.load("ann", everybody)
    last = manager.get("lab", many[-1])
    assert manager.get("lab", many[-1]) is last
    assert manager.shared("lab", [many[0], many[-2], "other"]) == {many[0], many[-2]}
    loaded, waiting = manager.with_waiting()
    assert sorted([*names(loaded), *(one.record.name for one in waiting)]) == many
    lab.jobs.run()
    assert sorted(names(manager.all())) == many
    assert manager.get("lab", many[-1]) is last


def test_a_share_discarded_before_its_turn_is_not_resumed(
    lab: TransferLab, manager: TransferManager, many: list[str]
) -> None:
    manager.load("ann", everybody)
    manager.discard(manager.get("lab", many[-1]))
    lab.jobs.run()
    assert names(manager.all()) == many[:-1]


def test_paused_transfers_are_loaded_and_stay_paused(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    record = share(lab, tmp_path, "mine")
    lab.store.set_paused(record.id, paused=True)
    assert manager.load("ann", everybody) == 0
    lab.jobs.run()
    assert shown(manager.get("lab", "mine")) is TransferState.PAUSED


def test_transfers_of_groups_without_the_user_are_refused(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    share(lab, tmp_path, "mine")
    share(lab, tmp_path, "old", group="former")
    assert manager.load("ann", lambda group: group == "lab") == 1
    lab.jobs.run()
    assert shown(manager.get("lab", "mine")) is TransferState.SEEDING
    assert failure(manager.get("former", "old")) is ErrorCode.NOT_MEMBER


def test_another_users_transfers_are_not_loaded(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    share(lab, tmp_path, "mine")
    assert manager.load("bob", everybody) == 0
    assert manager.find("lab", "mine") is None


def test_a_record_that_can_not_be_read_does_not_keep_others_out(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    bad = describe(b"bad", name="bad")
    object.__setattr__(bad, "info_bytes", b"de")
    lab.record(bad, tmp_path / "bad", is_upload=True)
    share(lab, tmp_path, "good")
    manager.load("ann", everybody)
    lab.jobs.run()
    states = {one.record.name: one.state for one in manager.all()}
    assert states == {"bad": TransferState.FAILED, "good": TransferState.SEEDING}


# --- leaving ----------------------------------------------------------------------------------
def test_leaving_a_group_forgets_its_transfers_and_keeps_the_files(
    lab: TransferLab, manager: TransferManager, many: list[str], tmp_path: Path
) -> None:
    share(lab, tmp_path, "other", group="other")
    manager.load("ann", everybody)
    manager.leave("lab")
    lab.jobs.run()
    assert names(manager.all()) == ["other"]
    assert [record.name for record in transfers_of(lab.store, "ann")] == ["other"]
    assert all((tmp_path / name).exists() for name in many)


def test_a_removed_user_has_all_transfers_of_the_group_refused(
    lab: TransferLab, manager: TransferManager, many: list[str], tmp_path: Path
) -> None:
    share(lab, tmp_path, "other", group="other")
    manager.load("ann", everybody)
    manager.refuse("lab")
    lab.jobs.run()
    assert {failure(manager.get("lab", name)) for name in many} == {ErrorCode.NOT_MEMBER}
    assert failure(manager.get("other", "other")) is None
    assert len(transfers_of(lab.store, "ann")) == len(many) + 1


def test_logout_stops_all_transfers_in_the_background(
    lab: TransferLab, manager: TransferManager, many: list[str]
) -> None:
    manager.load("ann", everybody)
    first = manager.all()[0]
    manager.empty_later()
    assert (manager.all(), manager.waiting()) == ([], [])
    assert manager.find("lab", many[-1]) is None
    lab.jobs.run()
    assert manager.all() == []
    assert shown(first) is TransferState.PAUSED
    assert lab.announcer.announced == {}
    assert manager.load("ann", everybody) == len(many)
    lab.jobs.run()
    assert names(manager.all()) == many


def test_the_end_of_the_client_keeps_the_progress(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    transfer = manager.add(lab.record(DESCRIBED, tmp_path / "content"))
    lab.jobs.run()
    lab.seeder(transfer, CONTENT).give(1)
    manager.close()
    assert (shown(transfer), len(lab.saved_pieces(transfer))) == (TransferState.PAUSED, 1)


# --- another run of the same ------------------------------------------------------------------
def test_a_share_continues_at_its_new_place(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    manager.add(share(lab, tmp_path, "mine"))
    lab.jobs.run()
    moved = (tmp_path / "mine").rename(tmp_path / "moved")
    first = manager.get("lab", "mine")
    second = manager.relocate(first, moved, first.storage.files.verified_stamps())
    lab.jobs.run()
    assert (shown(second), second.path) == (TransferState.SEEDING, moved)
    assert second.storage.checked == 0
    assert manager.all() == [second]
    assert lab.saved(second).path == moved


# --- ticks and checkpoints --------------------------------------------------------------------
def test_a_bug_in_one_torrent_stops_no_other(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    first = manager.add(lab.record(DESCRIBED, tmp_path / "content"))
    second = manager.add(share(lab, tmp_path, "mine"))
    lab.jobs.run()
    bob = connect_member(lab.client, torrent_of(second), "bob")
    lab.client.dialer.accepts = False
    first.learn([PeerCandidate(PEER_AT, PEER, "eve")])
    lab.client.dialer.error = ZeroDivisionError("a bug")
    lab.clock.advance(SwarmConfig().silent_after + 1.0)
    with structlog.testing.capture_logs() as log:
        manager.tick()
    assert [entry["name"] for entry in log if entry["event"] == "tick failed"] == ["content"]
    assert bob.close_reason == "said nothing for too long"


def test_a_tick_looks_for_space_and_for_turns(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    lab.free = 0
    transfer = manager.add(lab.record(DESCRIBED, tmp_path / "content"))
    lab.jobs.run()
    assert transfer.waits_for_space
    lab.free = len(CONTENT)
    lab.clock.advance(INTERVAL)
    manager.tick()
    lab.jobs.run()
    assert shown(transfer) is TransferState.DOWNLOADING


def test_a_checkpoint_records_the_progress_of_all(
    lab: TransferLab, manager: TransferManager, tmp_path: Path
) -> None:
    transfer = manager.add(lab.record(DESCRIBED, tmp_path / "content"))
    lab.jobs.run()
    lab.seeder(transfer, CONTENT).give(2)
    manager.checkpoint_later()
    assert lab.saved_pieces(transfer) == []
    lab.jobs.run()
    assert lab.saved_pieces(transfer) == list(torrent_of(transfer).have())
