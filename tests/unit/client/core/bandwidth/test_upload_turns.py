from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.bandwidth.throttle import BandwidthChannel, TokenBucket
from client.core.bandwidth.upload_turns import Allowance, UploadTurns
from common.types import BLOCK_SIZE


def blocks(count: int, *, ends_piece: bool = False) -> Allowance:
    return Allowance(count, count * BLOCK_SIZE, ends_piece=ends_piece)


def turns_of(blocks_per_piece: int, rate: int = 10**9) -> UploadTurns:
    channel = BandwidthChannel(TokenBucket(rate, 0.0), TokenBucket(0, 0.0))
    return UploadTurns(blocks_per_piece, channel)


def serve(
    turns: UploadTurns, waiting: set[int], count: int = 1, *, ends_piece: bool = False
) -> int:
    key = turns.next(waiting)
    turns.record(key, blocks(count, ends_piece=ends_piece))
    return key


def test_a_peer_is_sent_a_whole_piece_before_the_next_one() -> None:
    turns = turns_of(3)
    served = [serve(turns, {1, 2}) for _ in range(12)]
    assert served == [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(("rate", "most"), [(1, 1), (BLOCK_SIZE, 2), (10 * BLOCK_SIZE, 8)])
def test_under_a_low_limit_turns_are_shorter_than_a_piece(rate: int, most: int) -> None:
    turns = turns_of(8, rate)
    assert [serve(turns, {1, 2}) for _ in range(2 * most)] == [1] * most + [2] * most


def test_a_turn_ends_with_the_piece() -> None:
    turns = turns_of(3)
    assert serve(turns, {1, 2}, 2, ends_piece=True) == 1
    assert serve(turns, {1, 2}) == 2


def test_others_are_served_while_a_peer_cannot_be_sent_the_rest() -> None:
    turns = turns_of(3)
    assert serve(turns, {1, 2}) == 1
    assert serve(turns, {2}) == 2
    assert serve(turns, {1, 2}) == 1
    assert turns.left(1) == 1
    assert turns.left(2) == 2


def test_a_peer_that_left_is_forgotten() -> None:
    turns = turns_of(2)
    assert serve(turns, {1, 2}) == 1
    turns.forget(1)
    assert turns.left(1) == 2
    assert serve(turns, {1, 2}, 2) == 1  # as a new one
    turns.forget(1)
    assert serve(turns, {1, 2}, 2) == 1


@given(st.integers(1, 4), st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=60))
def test_nobody_is_more_than_a_turn_behind(most: int, sent: list[tuple[int, bool]]) -> None:
    """Whatever peers request: no one's turns are longer than a piece, or come twice in a row."""
    turns = turns_of(most)
    waiting = {1, 2, 3}
    ended: Counter[int] = Counter({1: 0, 2: 0, 3: 0})
    for count, ends_piece in sent:
        key = turns.next(waiting)
        count = min(count, turns.left(key))
        ended[key] += count == turns.left(key) or ends_piece
        turns.record(key, blocks(count, ends_piece=ends_piece))
        assert max(ended.values()) - min(ended.values()) <= 1
