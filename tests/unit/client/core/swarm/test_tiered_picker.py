from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from client.core.swarm.picker import Picker
from client.core.swarm.sequential_picker import SequentialPicker
from client.core.swarm.tiered_picker import TieredPicker
from common.bitfield import Bitfield
from common.types import PieceIndex
from tests.support.swarm.swarm_checks import check_picker
from tests.unit.client.core.swarm.test_picker import bitfield


def tiered(tiers: list[set[int]]) -> TieredPicker:
    fields = [bitfield(tier, 12) for tier in tiers]
    have = Bitfield(12)
    return TieredPicker([SequentialPicker(have, field) for field in fields], fields)


def test_the_most_urgent_piece_that_a_peer_has_is_first() -> None:
    picker = tiered([{8, 9}, {1, 2}])
    everything = Bitfield.full(12)
    assert picker.open_count == 4
    assert [piece for piece in range(12) if picker.is_open(piece)] == [1, 2, 8, 9]
    assert picker.pick(bitfield({1, 9}, 12)) == 9
    assert picker.pick(everything) == 8
    picker.close(PieceIndex(1))
    assert picker.pick(everything) == 2
    assert picker.pick(everything) is None
    picker.reopen(PieceIndex(8))
    picker.reopen(PieceIndex(1))
    picker.close(PieceIndex(5))  # which nobody wants
    picker.finish(PieceIndex(5))
    picker.finish(PieceIndex(8))
    assert picker.pick(everything) == 1


@given(st.sets(st.integers(0, 11)), st.sets(st.integers(0, 11)))
def test_it_is_known_beforehand_whether_a_peer_offers_a_piece(
    held: set[int], taken: set[int]
) -> None:
    picker = tiered([{0, 3, 8, 9}, {1, 2}])
    for piece in taken:
        picker.close(PieceIndex(piece))
    offers = picker.offers(bitfield(held, 12))
    assert offers is (picker.pick(bitfield(held, 12)) is not None)


@given(st.lists(st.sets(st.integers(0, 11), min_size=1), min_size=1, max_size=6), st.randoms())
def test_each_piece_is_picked_once_tier_after_tier(holders: list[set[int]], rng: Random) -> None:
    fields = [bitfield({0, 3, 6, 9}, 12), bitfield({1, 2}, 12), bitfield({11}, 12)]
    picker = TieredPicker([Picker(Bitfield(12), field, rng) for field in fields], fields)
    for held in holders:
        picker.count_holders(iter(held), 1)
    check_picker(picker)
    picked = [picker.pick(Bitfield.full(12)) for _ in range(8)]
    assert set(picked[:4]) == {0, 3, 6, 9}
    assert set(picked[4:6]) == {1, 2}
    assert picked[6:] == [11, None]


def test_a_suggestion_counts_among_equally_urgent_pieces() -> None:
    fields = [bitfield({0, 3, 6, 9}, 12), bitfield({1, 2, 4, 5, 7}, 12)]
    picker = TieredPicker([Picker(Bitfield(12), field, Random(1)) for field in fields], fields)
    everything = Bitfield.full(12)
    assert {picker.pick(everything, [7, 5, piece]) for piece in (3, 9, 0, 6)} == {0, 3, 6, 9}
    assert picker.pick(everything, [8, 7, 5]) == 7


def test_suggestions_change_no_order() -> None:
    assert tiered([{8, 9}, {1, 2}]).pick(Bitfield.full(12), [2, 9]) == 8
