"""Which downloads run, by the calls that they get."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from client.core.transfers.download_queue import NO_LIMIT
from client.results.transfers import TransferState
from client.state.database import Database
from client.state.settings import Settings
from client.state.transfers import TransferRecord
from client.transfers.download_scheduler import DEFAULT_ACTIVE, DownloadScheduler, choose_places
from common.types import InfoHash
from tests.support.fakes.torrents import Clock
from tests.support.fakes.transfers import TransferLab, shown
from tests.unit.client.storage.contents import PIECE, describe, random_bytes
from tests.unit.client.transfers.conftest import CONTENT

PATIENCE = 60.0

RECORD = TransferRecord(
    id=0,
    user="ann",
    group="lab",
    name="content",
    info_hash=InfoHash(b"h" * 20),
    path=Path("/data/content"),
    is_upload=False,
    complete=False,
    paused=False,
    bitfield=None,
    stamps=None,
    uploaded=0,
    downloaded=0,
    added_at=datetime.now(UTC),
)


class Member:
    """A download (a Queued) that does at once as the scheduler says."""

    def __init__(self, number: int, priority: int = 0) -> None:
        self.record = replace(RECORD, id=number)
        self.priority = priority
        self.needs_peers = False
        self.is_running = False

    def take_turn(self) -> None:
        assert not self.is_running, "called twice"
        self.is_running = True

    def lose_turn(self) -> None:
        assert self.is_running, "it did not run"
        self.is_running = False


def running(members: list[Member]) -> list[int]:
    return [member.record.id for member in members if member.is_running]


def joined(scheduler: DownloadScheduler, *priorities: int) -> list[Member]:
    """Downloads with these priorities, in the order of their age; all have peers."""
    members = [Member(number, priority) for number, priority in enumerate(priorities, 1)]
    for member in members:
        scheduler.join(member)
    return members


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scheduler(clock: Clock) -> DownloadScheduler:
    return DownloadScheduler(2, clock, PATIENCE)


def test_as_many_downloads_run_as_there_are_places(
    scheduler: DownloadScheduler,
) -> None:
    members = joined(scheduler, 0, 0, 0, 0)
    assert running(members) == [1, 2]
    assert [scheduler.place(member) for member in members] == [None, None, (1, 2), (2, 2)]
    assert [scheduler.has_turn(member) for member in members] == [True, True, False, False]


def test_a_leaving_download_frees_its_place(scheduler: DownloadScheduler) -> None:
    members = joined(scheduler, 0, 0, 0, 0)
    scheduler.leave(members[0])
    assert running(members[1:]) == [2, 3]
    scheduler.leave(members[3])
    assert running(members[1:]) == [2, 3]
    assert not scheduler.has_turn(members[0])


def test_a_higher_priority_is_next_but_displaces_no_download(scheduler: DownloadScheduler) -> None:
    members = joined(scheduler, 0, 0, 0, 5)
    assert running(members) == [1, 2]
    assert scheduler.place(members[3]) == (1, 2)
    scheduler.leave(members[1])
    assert running([members[0], *members[2:]]) == [1, 4]


def test_a_priority_may_change_while_it_waits(scheduler: DownloadScheduler) -> None:
    members = joined(scheduler, 0, 0, 0, 0)
    members[3].priority = 1
    assert scheduler.place(members[3]) == (1, 2)
    scheduler.leave(members[0])
    assert running(members[1:]) == [2, 4]


def test_a_stalled_download_lends_its_place_and_continues(
    scheduler: DownloadScheduler, clock: Clock
) -> None:
    members = joined(scheduler, 0, 0, 0)
    members[0].needs_peers = True
    scheduler.review()
    clock.advance(PATIENCE - 1.0)
    scheduler.review()
    assert running(members) == [1, 2]
    clock.advance(1.0)
    scheduler.review()
    assert running(members) == [1, 2, 3]
    members[0].needs_peers = False
    scheduler.review()
    assert running(members) == [1, 2], "the last in line waits again"


def test_without_a_limit_all_run(clock: Clock) -> None:
    members = joined(DownloadScheduler(NO_LIMIT, clock, PATIENCE), *range(20))
    assert len(running(members)) == 20


def test_to_join_again_is_no_second_turn(scheduler: DownloadScheduler) -> None:
    members = joined(scheduler, 0)
    scheduler.join(members[0])
    scheduler.leave(members[0])
    scheduler.leave(members[0])
    assert not scheduler.has_turn(members[0])


def test_an_earlier_run_of_a_download_does_not_replace_the_next(
    scheduler: DownloadScheduler,
) -> None:
    earlier, restarted = Member(1), Member(1)
    scheduler.join(earlier)
    scheduler.join(restarted)
    assert restarted.is_running
    scheduler.leave(earlier)
    assert scheduler.has_turn(restarted)


def test_of_several_at_once_the_first_in_order_starts(scheduler: DownloadScheduler) -> None:
    with scheduler.held():
        members = joined(scheduler, 0, 0, 1, 2)
        scheduler.review()
        assert running(members) == []
    assert running(members) == [3, 4]


def test_a_download_removed_during_a_hold_does_not_start(scheduler: DownloadScheduler) -> None:
    with scheduler.held(), scheduler.held():
        members = joined(scheduler, 0, 0, 0)
        scheduler.leave(members[0])
    assert running(members) == [2, 3]


def test_a_cleared_scheduler_starts_no_download(scheduler: DownloadScheduler, clock: Clock) -> None:
    members = joined(scheduler, 0, 0, 0)
    scheduler.clear()
    clock.advance(PATIENCE)
    scheduler.review()
    assert running(members) == [1, 2], "they are halted by others"
    assert [scheduler.place(member) for member in members] == [None] * 3
    new_downloads = joined(scheduler, 0, 0, 0)
    assert running(new_downloads) == [1, 2]


def test_places_can_be_added_and_taken_away(clock: Clock) -> None:
    scheduler = DownloadScheduler(1, clock, PATIENCE)
    members = joined(scheduler, 0, 0, 0)
    scheduler.places = 2
    assert scheduler.places == 2
    assert running(members) == [1, 2]
    scheduler.places = 1
    assert running(members) == [1]
    scheduler.places = NO_LIMIT
    assert running(members) == [1, 2, 3]


def test_the_number_of_places_is_kept_for_later_runs(database: Database) -> None:
    settings = Settings(database)
    assert choose_places(settings, None) == DEFAULT_ACTIVE
    assert choose_places(settings, 3) == 3
    assert choose_places(settings, None) == 3
    assert choose_places(settings, NO_LIMIT) == NO_LIMIT
    assert choose_places(settings, None) == NO_LIMIT


# --- with transfers ---------------------------------------------------------------------------
def test_transfers_take_turns(database: Database, tmp_path: Path) -> None:
    """One place: a download without peers lends it, gets it back, and frees it at the end."""
    lab = TransferLab(database, places=1)
    contents = [CONTENT, random_bytes(4 * PIECE, seed=2)]
    first, second = (
        lab.open(lab.record(describe(content, name=f"file {number}"), tmp_path / f"{number}"))
        for number, content in enumerate(contents)
    )
    first.start()
    second.start()
    lab.jobs.run()
    assert (shown(first), shown(second)) == (TransferState.DOWNLOADING, TransferState.QUEUED)
    assert (first.place, second.place) == (None, (1, 1))
    lab.scheduler.review()
    lab.clock.advance(PATIENCE)
    lab.scheduler.review()
    lab.jobs.run()
    assert shown(second) is TransferState.DOWNLOADING
    lab.seeder(second, contents[1]).give(1)
    seeder = lab.seeder(first, contents[0])
    seeder.give(1)
    lab.scheduler.review()
    lab.jobs.run()
    assert (shown(first), shown(second)) == (TransferState.DOWNLOADING, TransferState.QUEUED)
    assert (second.verified.count, len(lab.saved_pieces(second))) == (1, 1)
    seeder.give()
    lab.jobs.run()
    assert (shown(first), shown(second)) == (TransferState.SEEDING, TransferState.DOWNLOADING)
    assert second.verified.count == 1
    first.halt()
    second.halt()


# --- any order of events ----------------------------------------------------------------------
class SchedulerMachine(RuleBasedStateMachine):
    """Members check that calls alternate; the last call is the current state."""

    @initialize(places=st.integers(0, 3))
    def begin(self, places: int) -> None:
        self.clock = Clock()
        self.places = places
        self.scheduler = DownloadScheduler(places, self.clock, PATIENCE)
        self.members: dict[int, Member] = {}
        self.number = 0

    @rule(priority=st.integers(-1, 1))
    def join(self, priority: int) -> None:
        self.number += 1
        self.members[self.number] = Member(self.number, priority)
        self.scheduler.join(self.members[self.number])

    @rule(priorities=st.lists(st.integers(-1, 1), max_size=4))
    def join_together(self, priorities: list[int]) -> None:
        with self.scheduler.held():
            for priority in priorities:
                self.join(priority)

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        if self.members:
            number = data.draw(st.sampled_from(sorted(self.members)))
            self.scheduler.leave(self.members.pop(number))

    @rule(data=st.data(), lonely=st.booleans())
    def find_or_lose_peers(self, data: st.DataObject, lonely: bool) -> None:
        if self.members:
            self.members[data.draw(st.sampled_from(sorted(self.members)))].needs_peers = lonely

    @rule(seconds=st.sampled_from([1.0, PATIENCE / 2, PATIENCE]))
    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.scheduler.review()

    @rule()
    def clear(self) -> None:
        self.scheduler.clear()
        self.members.clear()

    @invariant()
    def calls_match_the_state(self) -> None:
        for member in getattr(self, "members", {}).values():
            assert self.scheduler.has_turn(member) is member.is_running
            assert (self.scheduler.place(member) is None) is member.is_running

    @invariant()
    def no_place_is_left_empty(self) -> None:
        members = list(getattr(self, "members", {}).values())
        if members and not all(member.is_running for member in members):
            assert sum(member.is_running for member in members) >= self.places > 0


TestSchedulerMachine = SchedulerMachine.TestCase
TestSchedulerMachine.settings = settings(stateful_step_count=25)
