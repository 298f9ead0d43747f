from __future__ import annotations

import ctypes
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.storage.pieces.buffers import BufferPool, PieceBuffer, cut, size_of
from common.geometry import KIB, MIB
from tests.support.together import run_together


def test_buffers_have_the_requested_length_and_alignment() -> None:
    pool = BufferPool(10 * MIB)
    for size in (1, 16 * KIB, 16 * KIB + 1, MIB, 3_000_000):
        buffer = pool.take(size)
        assert buffer is not None
        assert len(buffer.view) == size
        assert not buffer.view.readonly
        assert ctypes.addressof(ctypes.c_char.from_buffer(buffer.view)) % 4096 == 64
        buffer.view[:] = b"\xff" * size
        pool.give_back(buffer)
    assert pool._in_use == 0


def test_the_budget_allows_at_least_two_buffers() -> None:
    pool = BufferPool(4 * MIB)
    taken = [pool.take(MIB) for _ in range(4)]
    assert all(taken)
    assert pool.take(1) is None
    assert pool._in_use == 4 * MIB
    small = BufferPool(KIB)
    first, second = small.take(MIB), small.take(64 * MIB)
    assert first is not None
    assert second is not None
    assert small.take(1) is None
    small.give_back(first)
    assert small.take(MIB) is not None


def test_buffers_become_scarce_before_the_budget_is_used_up() -> None:
    pool = BufferPool(5 * MIB)
    lent = [pool.take(MIB) for _ in range(2)]
    scarce = [pool.is_scarce]
    third = pool.take(MIB)
    assert third is not None
    scarce.append(pool.is_scarce)
    pool.give_back(third)
    scarce.append(pool.is_scarce)
    assert scarce == [False, True, False]
    assert all(lent)


def test_buffers_are_reused_by_size() -> None:
    pool = BufferPool(4 * MIB)
    first = pool.take(MIB)
    assert first is not None
    pool.give_back(first)
    again = pool.take(MIB - 5)
    assert again is first
    assert len(again.view) == MIB - 5
    pool.give_back(again)
    assert pool.take(2 * MIB) is not first


def test_releasing_twice_raises() -> None:
    pool = BufferPool(MIB)
    buffer = pool.take(1)
    assert buffer is not None
    pool.give_back(buffer)
    with pytest.raises(ValueError, match="not lent"):
        pool.give_back(buffer)
    with pytest.raises(ValueError, match="not lent"):
        pool.give_back(PieceBuffer(MIB))


@given(st.lists(st.one_of(st.integers(1, 2 * MIB), st.none())))
def test_memory_stays_within_the_budget(steps: list[int | None]) -> None:
    budget = MIB
    pool = BufferPool(budget)
    lent: list[PieceBuffer] = []
    for size in steps:
        if size is None:
            if lent:
                pool.give_back(lent.pop(0))
        elif buffer := pool.take(size):
            assert buffer not in lent
            lent.append(buffer)
        else:
            assert len(lent) >= 2
        assert pool._in_use == sum(buffer.capacity for buffer in lent)
        assert pool._in_use + pool._idle_bytes <= max(budget, pool._in_use)
        assert pool._idle_bytes == sum(size * len(idle) for size, idle in pool._idle.items())


def test_threads_never_share_a_buffer() -> None:
    pool = BufferPool(8 * 16 * KIB)
    torn: list[int] = []

    def work(mark: int) -> None:
        for _ in range(300):
            buffer = pool.take(16 * KIB)
            if buffer is not None:
                buffer.view[:] = bytes([mark]) * (16 * KIB)
                if bytes(buffer.view) != bytes([mark]) * (16 * KIB):
                    torn.append(mark)
                pool.give_back(buffer)

    run_together([partial(work, mark) for mark in range(4)])
    assert not torn
    assert pool._in_use == 0


@given(st.data())
def test_cut_buffers_cover_the_same_bytes_in_order(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(0, 5), max_size=6))
    buffers = [memoryview(bytearray(length)) for length in lengths]
    whole = size_of(buffers)
    size = data.draw(st.integers(0, whole))
    first, rest = cut(buffers, size)
    assert (size_of(first), size_of(rest)) == (size, whole - size)
    for number, buffer in enumerate([*first, *rest]):
        buffer[:] = bytes([number]) * len(buffer)
    written = b"".join(buffers)
    assert written == b"".join([*first, *rest])
    assert len(first) + len(rest) <= len(buffers) + 1
