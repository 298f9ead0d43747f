from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bitfield import Bitfield
from common.geometry import (
    KIB,
    MAX_PIECE_LENGTH,
    MAX_PIECES,
    MIB,
    FileMap,
    FileSpan,
    Geometry,
    choose_piece_length,
)
from common.types import BLOCK_SIZE, PieceIndex

GIB = 1024 * MIB
lengths = st.integers(0, 300_000)
piece_lengths = st.integers(KIB, 100_000)


@given(lengths, piece_lengths)
def test_pieces_tile_the_content(length: int, piece_length: int) -> None:
    geometry = Geometry(length, piece_length)
    position = 0
    for number in range(geometry.piece_count):
        index = PieceIndex(number)
        assert geometry.offset(index) == position
        size = geometry.piece_size(index)
        last = (geometry.block_count(index) - 1) * BLOCK_SIZE
        assert 0 < size - last <= BLOCK_SIZE
        assert geometry.contains(index, last, size - last)
        assert not geometry.contains(index, last, size - last + 1)
        position += geometry.piece_size(index)
    assert position == length


@given(st.integers(0, 100_000), st.integers(KIB, 20_000), st.data())
def test_the_bytes_of_some_pieces(length: int, piece_length: int, data: st.DataObject) -> None:
    geometry = Geometry(length, piece_length)
    pieces = Bitfield(geometry.piece_count)
    chosen = data.draw(st.sets(st.sampled_from(range(geometry.piece_count)))) if length else set()
    for number in chosen:
        pieces.add(number)
    assert geometry.bytes_in(pieces) == sum(geometry.piece_size(PieceIndex(n)) for n in chosen)


@pytest.mark.parametrize(
    ("length", "count", "last"),
    [(0, 0, None), (1, 1, 1), (KIB - 1, 1, KIB - 1), (KIB, 1, KIB), (KIB + 1, 2, 1)],
)
def test_sizes_around_one_piece(length: int, count: int, last: int | None) -> None:
    geometry = Geometry(length, KIB)
    assert geometry.piece_count == count
    if last is not None:
        assert geometry.piece_size(PieceIndex(count - 1)) == last


@pytest.mark.parametrize(
    ("length", "piece_length"),
    [(1, 0), (1, KIB - 1), (1, MAX_PIECE_LENGTH + 1), (-1, KIB), (MAX_PIECES * KIB + 1, KIB)],
)
def test_sizes_out_of_bounds_are_refused(length: int, piece_length: int) -> None:
    with pytest.raises(ValueError, match="piece"):
        Geometry(length, piece_length)


def test_largest_content_is_accepted() -> None:
    assert Geometry(MAX_PIECES * MAX_PIECE_LENGTH, MAX_PIECE_LENGTH).piece_count == MAX_PIECES


@pytest.mark.parametrize(
    ("index", "begin", "length", "inside"),
    [
        (0, 0, KIB, True),
        (0, 0, KIB + 1, False),
        (0, 1, KIB, False),
        (0, 0, 0, False),
        (0, 0, -1, False),
        (0, -1, 1, False),
        (-1, 0, 1, False),
        (1, 9, 1, True),
        (1, 9, 2, False),
        (2, 0, 1, False),
    ],
)
def test_contains(index: int, begin: int, length: int, inside: bool) -> None:
    assert Geometry(KIB + 10, KIB).contains(index, begin, length) is inside


@given(st.lists(st.integers(0, 9), max_size=8), st.data())
def test_spans_name_exactly_the_bytes(file_lengths: list[int], data: st.DataObject) -> None:
    content = [(file, n) for file, length in enumerate(file_lengths) for n in range(length)]
    files = FileMap(file_lengths)
    assert files.length == len(content)
    offset = data.draw(st.integers(0, len(content)))
    length = data.draw(st.integers(0, len(content) - offset))
    spans = files.spans(offset, length)
    named = [(span.file, span.offset + n) for span in spans for n in range(span.length)]
    assert named == content[offset : offset + length]
    assert all(span.length for span in spans)


def test_spans_skip_empty_files() -> None:
    files = FileMap([0, 3, 0, 0, 2, 0])
    assert files.spans(1, 4) == [FileSpan(1, 1, 2), FileSpan(4, 0, 2)]
    assert files.start(4) == 3


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1), (0, 6), (6, 0), (5, 1)])
def test_spans_outside_the_content(offset: int, length: int) -> None:
    with pytest.raises(ValueError, match="not inside"):
        FileMap([5]).spans(offset, length)


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (0, 16 * KIB),
        (2 * MIB, 16 * KIB),
        (2 * MIB + 1, 32 * KIB),
        (64 * MIB + 1, MIB),
        (128 * MIB, MIB),
        (16 * GIB, MIB),
        (16 * GIB + 1, 2 * MIB),
        (32 * GIB + 1, 4 * MIB),
        (512 * GIB, 4 * MIB),
        (512 * GIB + 1, 8 * MIB),
        (2**60, MAX_PIECE_LENGTH),
    ],
)
def test_chosen_piece_length(total: int, expected: int) -> None:
    assert choose_piece_length(total) == expected


@given(st.integers(0, 2**43))
def test_chosen_piece_length_makes_a_valid_geometry(total: int) -> None:
    length = choose_piece_length(total)
    assert length.bit_count() == 1
    assert Geometry(total, length).piece_count <= 2**17
