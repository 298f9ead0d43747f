from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from client.core.swarm.sequential_picker import SequentialPicker
from common.bitfield import Bitfield
from common.types import PieceIndex
from tests.support.swarm.swarm_checks import check_picker
from tests.unit.client.core.swarm.test_picker import COUNT, PIECES, SETS, WANTED, bitfield


def test_every_peer_gets_the_first_piece_that_it_has() -> None:
    picker = SequentialPicker(bitfield({2}, 8), bitfield({0, 1, 2, 3, 4, 7}, 8))
    everything = Bitfield.full(8)
    picker.count_holders([0], 5)
    assert [piece for piece in range(8) if picker.is_open(piece)] == [0, 1, 3, 4, 7]
    assert picker.pick(bitfield({4, 7}, 8)) == 4
    assert picker.pick(everything) == 0
    assert picker.pick(everything) == 1
    assert picker.pick(bitfield({0, 1, 2, 5}, 8)) is None
    picker.reopen(PieceIndex(0))
    assert [picker.pick(everything) for _ in range(4)] == [0, 3, 7, None]
    picker.finish(PieceIndex(0))
    assert picker.open_count == 0


class SequentialPickerMachine(RuleBasedStateMachine):
    """Against the plainest model: a set of open pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.picker = SequentialPicker(Bitfield(COUNT), WANTED)
        self.open = set(WANTED)

    @rule(has=SETS | st.just(set(range(COUNT))))
    def pick(self, has: set[int]) -> None:
        piece = self.picker.pick(bitfield(has))
        assert piece == min(has & self.open, default=None)
        self.open.discard(-1 if piece is None else piece)

    @rule(piece=PIECES)
    def reopen(self, piece: int) -> None:
        self.picker.reopen(PieceIndex(piece))
        self.open.add(piece)

    @rule(piece=PIECES)
    def close(self, piece: int) -> None:
        self.picker.close(PieceIndex(piece))
        self.open.discard(piece)

    @invariant()
    def agrees(self) -> None:
        check_picker(self.picker)
        assert {piece for piece in range(COUNT) if self.picker.is_open(piece)} == self.open
        assert self.picker.open_count == len(self.open)


TestSequentialPickerMachine = pytest.mark.slow(SequentialPickerMachine.TestCase)
