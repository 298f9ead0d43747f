from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from client.core.swarm import piece_map
from common.bitfield import Bitfield

SIZES = st.integers(0, 200)
CELLS = st.integers(1, 60)


def field(size: int, has: set[int]) -> Bitfield:
    made = Bitfield(size)
    for piece in has:
        made.add(piece)
    return made


@given(SIZES, CELLS)
def test_runs_cover_all_pieces_in_nearly_equal_lengths(size: int, cells: int) -> None:
    runs = piece_map.runs(size, cells)
    assert [piece for run in runs for piece in run] == list(range(size))
    assert len(runs) == min(size, cells)
    lengths = [len(run) for run in runs]
    assert not lengths or max(lengths) - min(lengths) <= 1


@given(st.data(), SIZES.filter(bool), CELLS)
def test_counts_and_shares_are_those_of_the_set(data: st.DataObject, size: int, cells: int) -> None:
    has = data.draw(st.sets(st.integers(0, size - 1)))
    runs = piece_map.runs(size, cells)
    expected = [len(has & set(run)) for run in runs]
    assert piece_map.counts(field(size, has), runs) == expected
    shares = piece_map.shares(field(size, has), runs)
    assert shares == [count / len(run) for count, run in zip(expected, runs, strict=True)]


def test_a_run_counts_peers_with_all_of_it() -> None:
    runs = piece_map.runs(4, 2)
    fields = [field(4, {0, 1, 2}), field(4, {0}), Bitfield.full(4)]
    assert piece_map.holders(fields, runs) == [2, 1]
    assert piece_map.holders([], runs) == [0, 0]
