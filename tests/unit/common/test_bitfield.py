from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bitfield import Bitfield


@st.composite
def sets_of_pieces(draw: st.DrawFn) -> tuple[int, set[int]]:
    size = draw(st.integers(0, 70))
    members = draw(st.sets(st.integers(0, size - 1))) if size else set()
    return size, members


def build(size: int, members: set[int]) -> Bitfield:
    bitfield = Bitfield(size)
    for index in members:
        bitfield.add(index)
    return bitfield


@given(sets_of_pieces())
def test_behaves_like_a_set(case: tuple[int, set[int]]) -> None:
    size, members = case
    bitfield = build(size, members)
    assert list(bitfield) == sorted(members)
    assert list(bitfield.missing()) == sorted(set(range(size)) - members)
    assert [bitfield[index] for index in range(size)] == [i in members for i in range(size)]
    assert bitfield.count == len(members)
    assert bitfield.complete is (len(members) == size)


@given(st.sets(st.integers(0, 69)), st.sets(st.integers(0, 69)))
def test_disjoint_sets(one: set[int], other: set[int]) -> None:
    assert build(70, one).is_disjoint(build(70, other)) is one.isdisjoint(other)


@given(sets_of_pieces())
def test_bytes_round_trip(case: tuple[int, set[int]]) -> None:
    bitfield = build(*case)
    data = bitfield.to_bytes()
    assert len(data) == -(-case[0] // 8)
    again = Bitfield.from_bytes(data, case[0])
    assert again == bitfield
    assert again.count == bitfield.count


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 19))))
def test_count_follows_every_change(changes: list[tuple[bool, int]]) -> None:
    bitfield = Bitfield(20)
    members: set[int] = set()
    for put, index in changes:
        if put:
            assert bitfield.add(index) is (index not in members)
        else:
            bitfield.discard(index)
        (members.add if put else members.discard)(index)
        assert bitfield.count == len(members)
    assert set(bitfield) == members


@given(st.integers(0, 100))
def test_full(size: int) -> None:
    full = Bitfield.full(size)
    assert full.complete
    assert full == build(size, set(range(size)))
    assert Bitfield.from_bytes(full.to_bytes(), size).count == size


def test_high_bit_is_the_first_piece() -> None:
    assert build(10, {0, 9}).to_bytes() == b"\x80\x40"


@given(st.binary(max_size=3), st.integers(0, 24))
def test_from_bytes_accepts_exactly_the_output_of_to_bytes(data: bytes, size: int) -> None:
    bits = "".join(f"{byte:08b}" for byte in data)
    if len(data) == -(-size // 8) and "1" not in bits[size:]:
        assert Bitfield.from_bytes(data, size).to_bytes() == data
    else:
        with pytest.raises(ValueError, match="bitfield"):
            Bitfield.from_bytes(data, size)


@pytest.mark.parametrize("index", [-1, 10])
def test_indices_out_of_range(index: int) -> None:
    bitfield = Bitfield(10)
    for call in (bitfield.__getitem__, bitfield.add, bitfield.discard):
        with pytest.raises(IndexError):
            call(index)


def test_a_copy_is_independent() -> None:
    first = build(9, {1})
    second = first.copy()
    second.add(8)
    assert list(first) == [1]
    assert first != second
    assert first != "bitfield"
    assert Bitfield(9) != Bitfield(10)
