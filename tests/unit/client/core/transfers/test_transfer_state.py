"""The states of a transfer, and the legal moves."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from client.core.transfers.transfer_state import (
    LEGAL,
    AllHere,
    Checking,
    ContentTouched,
    Downloading,
    Event,
    Failed,
    FailedWith,
    Finished,
    Finishing,
    Halted,
    IllegalMoveError,
    NoSpace,
    Opened,
    Paused,
    Queued,
    Recheck,
    Reported,
    Rested,
    Resting,
    Seeding,
    Started,
    State,
    TurnLost,
    TurnTaken,
    WaitingForSpace,
    after,
    is_legal,
    torrent_of,
)
from common.errors import ErrorCode, MinitorrentError

ERROR = MinitorrentError(ErrorCode.DISK_FULL, "full")
OTHER = MinitorrentError(ErrorCode.FILE_CHANGED, "changed")

STATES: list[State[str]] = [
    Paused(),
    Queued(),
    Queued(Recheck.ASKED),
    Checking(),
    Checking(Recheck.SUSPECTED),
    Downloading("torrent"),
    Finishing("torrent", hashes=False),
    Seeding("torrent"),
    Seeding("torrent", reported=False),
    Resting(),
    WaitingForSpace(ERROR),
    Failed(ERROR),
]
EVENTS: list[Event[str]] = [
    Started(),
    Started(Recheck.ASKED),
    TurnTaken(),
    TurnLost(),
    Opened("new", complete=True),
    Opened("new", complete=False),
    Rested(),
    AllHere(hashes=True),
    Finished(),
    ContentTouched(),
    NoSpace(OTHER),
    FailedWith(OTHER),
    Halted(),
    Halted(forgives=True),
    Reported(),
]


@pytest.mark.parametrize(
    ("state", "event", "then"),
    [
        (Paused(), Started(), Queued()),
        (Failed(ERROR), Started(Recheck.ASKED), Queued(Recheck.ASKED)),
        (WaitingForSpace(ERROR), Started(), Queued()),
        (Queued(Recheck.ASKED), TurnTaken(), Checking(Recheck.ASKED)),
        (Checking(Recheck.ASKED), TurnLost(), Queued()),
        (Checking(), Opened("t", complete=False), Downloading("t")),
        (Checking(), Opened("t", complete=True), Seeding("t")),
        (Checking(), Rested(), Resting()),
        (Seeding("t"), Rested(), Resting()),
        (Seeding("t", reported=False), Rested(), Seeding("t", reported=False)),
        (Resting(), Opened("t", complete=True), Seeding("t")),
        (Resting(), FailedWith(ERROR), Failed(ERROR)),
        (Resting(), Halted(), Paused()),
        (Downloading("t"), TurnLost(), Queued()),
        (Downloading("t"), AllHere(hashes=True), Finishing("t", hashes=True)),
        (Finishing("t", hashes=True), Finished(), Seeding("t", reported=False)),
        (Finishing("t", hashes=True), ContentTouched(), Queued(Recheck.SUSPECTED)),
        (Seeding("t"), ContentTouched(), Queued(Recheck.SUSPECTED)),
        (Downloading("t"), NoSpace(ERROR), WaitingForSpace(ERROR)),
        (Seeding("t"), FailedWith(ERROR), Failed(ERROR)),
        (Paused(), FailedWith(ERROR), Failed(ERROR)),
        (Seeding("t"), Halted(), Paused()),
        (Failed(ERROR), Halted(), Failed(ERROR)),
        (Failed(ERROR), Halted(forgives=True), Paused()),
        (Seeding("t", reported=False), Reported(), Seeding("t")),
        (Failed(ERROR), Reported(), Failed(ERROR, reported=True)),
        (WaitingForSpace(ERROR), Reported(), WaitingForSpace(ERROR, reported=True)),
        (Queued(), Reported(), Queued()),  # it was restarted in the meantime
    ],
)
def test_legal_moves(state: State[str], event: Event[str], then: State[str]) -> None:
    assert after(state, event) == then


@pytest.mark.parametrize(("state", "event"), list(itertools.product(STATES, EVENTS)))
def test_illegal_moves_raise(state: State[str], event: Event[str]) -> None:
    if is_legal(state, event):
        after(state, event)
    else:
        with pytest.raises(IllegalMoveError, match=type(event).__name__):
            after(state, event)


def test_every_event_is_legal_in_some_state() -> None:
    assert {type(event) for event in EVENTS} == set(LEGAL)
    for event in EVENTS:
        assert any(is_legal(state, event) for state in STATES), event


class TransferMachine(RuleBasedStateMachine):
    """Any legal events, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State[str] = Paused()
        self.before: State[str] = self.state
        self.last: Event[str] | None = None

    @rule(event=st.sampled_from(EVENTS))
    def something_happens(self, event: Event[str]) -> None:
        if is_legal(self.state, event):
            self.before, self.last = self.state, event
            self.state = after(self.state, event)

    @invariant()
    def only_what_was_opened_has_a_torrent(self) -> None:
        if torrent_of(self.state) is not None:
            opened = isinstance(self.last, Opened)
            assert opened or torrent_of(self.before) == torrent_of(self.state)

    @invariant()
    def nothing_seeds_unless_it_was_whole(self) -> None:
        if isinstance(self.state, Seeding) and not isinstance(self.before, Seeding):
            assert isinstance(self.before, Finishing) or self.last == Opened("new", complete=True)

    @invariant()
    def it_can_always_be_stopped_and_started(self) -> None:
        stopped = after(self.state, Halted(forgives=True))
        assert stopped == Paused()
        assert after(stopped, Started()) == Queued()


TransferMachine.TestCase.settings = settings(stateful_step_count=40)
TestTransferMachine = TransferMachine.TestCase
