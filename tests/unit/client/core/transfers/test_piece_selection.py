from __future__ import annotations

from dataclasses import replace
from glob import escape

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.core.transfers.piece_selection import (
    PieceSelection,
    finalized_by,
    match,
    selection_of,
    widened,
)
from common.bitfield import Bitfield
from common.geometry import FileMap, Geometry
from common.metainfo import FileEntry, Metainfo, build_info, encode, parse
from common.types import PieceIndex

PIECE = 1024
LENGTHS = st.lists(st.integers(0, 3 * PIECE), min_size=1, max_size=8)


def geometry_of(lengths: list[int]) -> Geometry:
    return Geometry(sum(lengths), PIECE)


def test_a_piece_at_the_edge_is_wanted_and_counts_for_its_wanted_bytes() -> None:
    lengths = [100, 2 * PIECE, 0, 5000]
    selection = PieceSelection(
        geometry_of(lengths), lengths, {1, 2}
    )  # an empty file needs no piece
    assert list(selection.pieces) == [0, 1, 2]
    assert [selection.size_of(PieceIndex(piece)) for piece in range(4)] == [924, 1024, 100, 0]
    assert selection.length == 2 * PIECE
    assert not selection.is_everything
    assert not selection.sequential
    have = Bitfield(7)
    have.add(1)
    have.add(6)
    assert selection.done(have) == 1024
    assert list(selection.lacking(have)) == [0, 2]


def test_everything_is_wanted_unless_files_are_chosen() -> None:
    lengths = [10, 0, PIECE]
    geometry = geometry_of(lengths)
    for selection in (
        PieceSelection(geometry, lengths, sequential=True),
        PieceSelection(geometry, lengths, {0, 1, 2}),
    ):
        assert selection.is_everything
        assert selection.files == {0, 1, 2}
        assert selection.pieces.complete
        assert selection.done(Bitfield.full(2)) == selection.length == geometry.length
    assert PieceSelection.all_of(geometry).length == geometry.length


@given(LENGTHS, st.data())
def test_exactly_the_pieces_with_wanted_bytes_are_wanted(
    lengths: list[int], data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.integers(0, len(lengths) - 1)))
    geometry = geometry_of(lengths)
    selection = PieceSelection(geometry, lengths, chosen)
    spans = FileMap(lengths)
    sizes = [selection.size_of(PieceIndex(piece)) for piece in range(geometry.piece_count)]
    for piece, size in enumerate(sizes):
        index = PieceIndex(piece)
        touched = spans.spans(geometry.offset(index), geometry.piece_size(index))
        assert size == sum(span.length for span in touched if span.file in chosen)
        assert selection.pieces[piece] == (size > 0)
    full = Bitfield.full(geometry.piece_count)
    assert sum(sizes) == selection.length == selection.done(full)
    assert set(selection.lacking(Bitfield(full.size))) == set(selection.pieces)
    assert not list(selection.lacking(full))


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", {0, 1, 2, 3}),
        ("*.jpg", {0, 1}),
        ("day1/*", {0, 2}),
        ("day1", {0, 2}),
        ("day1/", {0, 2}),
        ("day?/a.jpg", {0, 1}),
        ("[!d]*", {3}),
        ("a.jpg", set()),
        ("*.JPG", set()),
    ],
)
def test_patterns_match_paths(pattern: str, found: set[int]) -> None:
    assert match([pattern], ["day1/a.jpg", "day2/a.jpg", "day1/notes.txt", "readme"]) == found


def describe(*paths: str) -> Metainfo:
    files = [FileEntry(tuple(path.split("/")), 1) for path in paths]
    info = build_info("trip", files, PIECE, bytes(20), source="test", is_folder=True)
    return parse(encode(info))


def test_options_name_files_and_order() -> None:
    described = describe("a.jpg", "b.mkv", "day/c.jpg")
    assert selection_of(described, DEFAULT_OPTIONS).is_everything
    selection = selection_of(described, DownloadOptions(only=("*.jpg",), sequential=True))
    assert selection.files == {0, 2}
    assert selection.sequential
    assert finalized_by(described, DEFAULT_OPTIONS) == frozenset()
    assert finalized_by(described, DownloadOptions(finalized=("b*", "day"))) == {1, 2}


def test_downloading_again_only_widens_the_options() -> None:
    described = describe("a.jpg", "b.mkv", "day/c.jpg")
    jpg, mkv = DownloadOptions(priority=3, only=("*.jpg",)), DownloadOptions(only=("*.mkv",))
    both = DownloadOptions(priority=3, only=("*.jpg", "*.mkv"))
    assert widened(described, jpg, mkv, complete=False) == both
    assert widened(described, jpg, mkv, complete=True) == replace(both, finalized=("*.jpg",))
    assert widened(described, jpg, DEFAULT_OPTIONS, complete=True) == DownloadOptions(
        3, finalized=("*.jpg",)
    )
    assert widened(described, DEFAULT_OPTIONS, mkv, complete=False) == DEFAULT_OPTIONS
    assert widened(described, jpg, DownloadOptions(only=("a*",)), complete=True) == jpg
    sequential = widened(
        described, jpg, DownloadOptions(sequential=True, only=("day",)), complete=False
    )
    assert sequential == replace(jpg, sequential=True)
    assert widened(described, sequential, jpg, complete=False) == sequential


def test_any_of_several_patterns_suffices() -> None:
    assert match(["a", "b*"], ["a", "bc", "c"]) == {0, 1}
    assert match([], ["a"]) == frozenset()


@given(LENGTHS, st.data())
def test_padding_is_never_wanted_and_never_counts(lengths: list[int], data: st.DataObject) -> None:
    numbers = st.sets(st.integers(0, len(lengths) - 1))
    padding = frozenset(data.draw(numbers))
    chosen = data.draw(st.none() | numbers)
    geometry = geometry_of(lengths)
    selection = PieceSelection(geometry, lengths, chosen, padding=padding)
    wanted = (set(range(len(lengths))) if chosen is None else chosen) - padding
    assert selection.files == wanted
    assert selection.length == sum(lengths[file] for file in wanted)
    sizes = [selection.size_of(PieceIndex(piece)) for piece in range(geometry.piece_count)]
    assert sum(sizes) == selection.length
    have = Bitfield(geometry.piece_count)
    for piece in data.draw(st.sets(st.sampled_from(range(len(sizes))))) if sizes else ():
        have.add(piece)
    assert selection.done(have) == sum(sizes[piece] for piece in have)


def test_patterns_never_match_padding() -> None:
    pad = FileEntry((), 90, is_padding=True)
    described = replace(
        parse(
            encode(
                build_info(
                    "f", [FileEntry(("a",), 10)], PIECE, bytes(20), source=None, is_folder=True
                )
            )
        ),
        files=(FileEntry(("a",), 10), pad, FileEntry(("b",), 10)),
    )
    assert selection_of(described, DEFAULT_OPTIONS).files == {0, 2}
    assert selection_of(described, DEFAULT_OPTIONS).is_everything
    assert selection_of(described, replace(DEFAULT_OPTIONS, only=("*",))).is_everything
    assert selection_of(described, replace(DEFAULT_OPTIONS, only=("b",))).files == {2}
    assert finalized_by(described, replace(DEFAULT_OPTIONS, finalized=("*",))) == {0, 2}


def test_urgent_files_are_in_an_earlier_tier() -> None:
    lengths = [PIECE, PIECE + 10, PIECE, PIECE]
    geometry = geometry_of(lengths)
    selection = PieceSelection(
        geometry, lengths, {0, 1, 3}, first=frozenset({1}), last=frozenset({0, 2})
    )
    assert [list(tier) for tier in selection.tiers] == [[1, 2], [3, 4], [0]]
    assert [list(tier) for tier in PieceSelection(geometry, lengths).tiers] == [[0, 1, 2, 3, 4]]
    nothing = PieceSelection(Geometry(0, PIECE), [0], first=frozenset({0}))
    assert [list(tier) for tier in nothing.tiers] == [[]]
    only_last = PieceSelection(geometry, lengths, last=frozenset({0, 1, 2, 3}))
    assert [list(tier) for tier in only_last.tiers] == [[0, 1, 2, 3, 4]]


def test_verified_bytes_are_counted_by_file() -> None:
    lengths = [100, PIECE, 0, 5]
    selection = PieceSelection(geometry_of(lengths), lengths)
    have = Bitfield(2)
    have.add(0)
    assert selection.done_by_file(have) == [100, PIECE - 100, 0, 0]
    have.add(1)
    assert selection.done_by_file(have) == lengths


@given(st.lists(st.text("ab/[]*?!", min_size=1, max_size=5), unique=True), st.data())
def test_escaped_names_match_as_any_pattern_does(paths: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*paths, "a", "a/b", "[a]"]))
    assume(name.strip("/"))  # no file is called that
    found = match([escape(name)], paths)
    inside = name.rstrip("/") + "/"
    assert found == {
        at
        for at, path in enumerate(paths)
        if path in (name, inside[:-1]) or path.startswith(inside)
    }


def test_ten_thousand_names_are_matched_quickly() -> None:
    paths = [f"folder {number % 7}/[{number:05}] track.flac" for number in range(10_000)]
    assert match([escape(path) for path in paths[::2]], paths) == set(range(0, 10_000, 2))
