from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.types import BLOCK_SIZE, Block, PieceIndex
from common.wire.codec import piece_header
from tests.unit.client.core.protocol.streams import download_of

SIZES = st.one_of(
    st.integers(1, 5 * BLOCK_SIZE),
    st.sampled_from([1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 8 * BLOCK_SIZE]),
)


@given(SIZES, st.integers(0, 2**18 - 1))
def test_blocks_and_expected_headers_cover_the_piece(size: int, index: int) -> None:
    download = download_of(index, size)
    blocks = [download.block(number) for number in range(download.block_count)]
    assert [block.begin for block in blocks] == list(range(0, size, BLOCK_SIZE))
    assert sum(block.length for block in blocks) == size
    assert all(0 < block.length <= BLOCK_SIZE for block in blocks)
    assert download.headers == b"".join(piece_header(block) for block in blocks)
    assert len(download.header_space) == len(download.headers)


@given(SIZES, st.lists(st.tuples(st.sampled_from("rcwx"), st.integers(1, 9)), max_size=30))
def test_a_block_is_missing_or_requested_or_received(
    size: int, steps: list[tuple[str, int]]
) -> None:
    download = download_of(0, size)
    missing = set(range(download.block_count))
    requested: set[int] = set()
    received: set[int] = set()
    for step, count in steps:
        if step == "r":
            numbers = download.request(count)
            assert numbers == sorted(missing)[:count]
            missing -= set(numbers)
            requested |= set(numbers)
        elif step == "x":
            download.withdraw_all()
            missing |= requested
            requested.clear()
        elif requested:
            number = sorted(requested)[count % len(requested)]
            requested.remove(number)
            (received if step == "c" else missing).add(number)
            (download.receive if step == "c" else download.withdraw)(number)
        assert (download.missing, download.outstanding) == (len(missing), len(requested))
        assert download.requested() == [download.block(n) for n in sorted(requested)]
        assert {n for n in range(-3, 99) if download.is_requested(n)} == requested
        assert download.complete == (len(received) == download.block_count)
        assert download.empty == (not received)


def test_only_the_sender_of_a_block_is_its_source() -> None:
    download = download_of(0, 3 * BLOCK_SIZE)
    download.credit(1)
    assert download.sources == set()
    for number in download.request(2):
        download.receive(number)
    download.credit(2)
    download.credit(3)
    assert download.sources == {2}
    download.receive(download.request(1)[0])
    download.credit(4)
    assert download.sources == {2, 4}


def test_blocks_have_their_positions() -> None:
    download = download_of(7, 2 * BLOCK_SIZE)
    assert download.block(1) == Block(PieceIndex(7), BLOCK_SIZE, BLOCK_SIZE)


def test_blocks_outside_the_piece_are_not_requested() -> None:
    with pytest.raises(IndexError):
        download_of(0, 5).receive(1)
