from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from client.core.swarm.picker import Picker
from common.bitfield import Bitfield
from common.types import PieceIndex
from tests.support.swarm.swarm_checks import check_picker

COUNT = 20
PIECES = st.integers(0, COUNT - 1)
SETS = st.sets(PIECES)


def bitfield(pieces: set[int], size: int = COUNT) -> Bitfield:
    result = Bitfield(size)
    for piece in pieces:
        result.add(piece)
    return result


WANTED = bitfield(set(range(COUNT)) - {0, 7})


def experienced(size: int, seed: int = 1) -> Picker:
    """A picker that is past its first, random pieces; the first four are done."""
    return Picker(bitfield({0, 1, 2, 3}, size), Bitfield.full(size), Random(seed))


def test_the_rarest_piece_comes_first() -> None:
    picker = experienced(8)
    picker.count_holders([4, 5, 6, 7], 1)
    picker.count_holders([4, 6, 7], 1)
    picker.count_holders([4, 7], 1)
    picker.count_holders([4], 1)
    everything = Bitfield.full(8)
    assert [picker.pick(everything) for _ in range(5)] == [5, 6, 7, 4, None]


def test_a_peer_gets_only_what_it_has() -> None:
    picker = experienced(8)
    picker.count_holders([4], 1)
    assert picker.pick(bitfield({4, 1}, 8)) == 4
    assert picker.pick(bitfield({4, 1}, 8)) is None
    assert picker.open_count == 3


def test_equally_rare_pieces_are_picked_at_random() -> None:
    everything = Bitfield.full(24)
    first = Counter(experienced(24, seed).pick(everything) for seed in range(400))
    assert set(first) == set(range(4, 24))
    assert max(first.values()) < 60  # 20 are due


def test_the_first_pieces_are_picked_at_random() -> None:
    first = set()
    for seed in range(200):
        picker = Picker(Bitfield(8), Bitfield.full(8), Random(seed))
        picker.count_holders(range(6), 1)
        first.add(picker.pick(Bitfield.full(8)))
        assert picker.pick(bitfield({7}, 8)) in (7, None)
    assert first == set(range(8))


def test_random_picks_are_limited_to_the_peers_pieces() -> None:
    picker = Picker(Bitfield(4), Bitfield.full(4), Random(1))
    assert picker.pick(bitfield({2}, 4)) == 2
    assert picker.pick(bitfield({2}, 4)) is None


def test_a_finished_piece_is_not_picked_again() -> None:
    picker = experienced(5)
    picker.finish(PieceIndex(4))
    assert picker.pick(Bitfield.full(5)) is None
    assert picker.open_count == 0


@given(SETS, st.lists(SETS, max_size=6), st.randoms(use_true_random=False))
def test_a_rarest_piece_is_always_picked(
    have: set[int], peers: list[set[int]], rng: Random
) -> None:
    picker = Picker(bitfield(have | {0, 1, 2, 3}), Bitfield.full(COUNT), rng)
    for peer in peers:
        picker.count_holders(peer, 1)
    rarity = Counter(piece for peer in peers for piece in peer)
    for peer in peers:
        piece = picker.pick(bitfield(peer))
        left = [p for p in peer if picker.is_open(p)]
        assert (piece is None) <= (not left)
        if piece is not None:
            assert all(rarity[piece] <= rarity[other] for other in left)


class PickerMachine(RuleBasedStateMachine):
    """Against the plainest model: a set of open pieces and a count for each piece."""

    def __init__(self) -> None:
        super().__init__()
        self.picker = Picker(Bitfield(COUNT), WANTED, Random(0))
        self.open = set(WANTED)
        self.peers: list[set[int]] = []

    @rule(pieces=SETS)
    def peer_comes(self, pieces: set[int]) -> None:
        self.peers.append(pieces)
        self.picker.count_holders(pieces, 1)

    @rule()
    def peer_goes(self) -> None:
        if self.peers:
            self.picker.count_holders(self.peers.pop(), -1)

    @rule(has=SETS, suggested=st.lists(PIECES))
    def pick(self, has: set[int], suggested: list[int]) -> None:
        assert self.picker.offers(bitfield(has)) is bool(has & self.open)
        piece = self.picker.pick(bitfield(has), suggested)
        assert (piece is None) == (not has & self.open)
        if piece is not None:
            assert piece in has
            useful = [piece for piece in suggested if piece in has & self.open]
            assert not useful or piece == useful[0]
            self.open.remove(piece)

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


TestPickerMachine = pytest.mark.slow(PickerMachine.TestCase)
