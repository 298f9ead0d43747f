from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from common.types import BLOCK_SIZE, Block, PieceIndex
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.runs import blocks_of, one
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
    runs = download.runs(range(download.block_count))
    assert blocks_of(runs) == blocks
    assert len(runs) <= 2
    views = download.lent.slots.views
    assert b"".join(views[1::2]) == download.buffer
    assert [len(view) for view in views[0::2]] == [13] * download.block_count


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
            adjacent = [n for place, n in enumerate(sorted(missing)) if n - place == min(missing)]
            assert list(numbers) == adjacent[:count]
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
            if step == "c":
                download.receive(one(number))
            else:
                download.withdraw(number)
        assert (download.missing, download.outstanding) == (len(missing), len(requested))
        assert download.requested() == [download.block(n) for n in sorted(requested)]
        assert {n for n in range(-3, 99) if download.is_requested(n)} == requested
        assert download.complete == (len(received) == download.block_count)
        assert download.empty == (not received)


def test_only_the_sender_of_a_block_is_its_source() -> None:
    download = download_of(0, 3 * BLOCK_SIZE)
    download.credit(1)
    assert download.sources == set()
    download.receive(download.request(2))
    download.credit(2)
    download.credit(3)
    assert download.sources == {2}
    download.receive(download.request(1))
    download.credit(4)
    assert download.sources == {2, 4}


def test_blocks_have_their_positions() -> None:
    download = download_of(7, 2 * BLOCK_SIZE)
    assert download.block(1) == Block(PieceIndex(7), BLOCK_SIZE, BLOCK_SIZE)
