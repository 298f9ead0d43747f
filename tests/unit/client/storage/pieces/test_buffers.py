from __future__ import annotations

import ctypes
import weakref
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.storage.pieces.buffers import BufferPool, Loan, cut, size_of
from common.geometry import KIB, MIB
from tests.support.together import run_together


def lend(pool: BufferPool, size: int) -> Loan:
    loan = pool.take(size)
    assert loan is not None
    return loan


def test_buffers_have_the_requested_length_and_alignment() -> None:
    pool = BufferPool(10 * MIB)
    for size in (1, 16 * KIB, 16 * KIB + 1, MIB, 3_000_000):
        buffer = lend(pool, size)
        assert len(buffer.view) == size
        assert not buffer.view.readonly
        assert ctypes.addressof(ctypes.c_char.from_buffer(buffer.view)) % 4096 == 64
        buffer.view[:] = b"\xff" * size
        pool.give_back(buffer)
    assert pool._lent_bytes == 0


def test_the_budget_allows_at_least_two_buffers() -> None:
    pool = BufferPool(4 * MIB)
    taken = [pool.take(MIB) for _ in range(4)]
    assert all(taken)
    assert pool.take(1) is None
    assert pool._lent_bytes == 4 * MIB
    small = BufferPool(KIB)
    first, _second = lend(small, MIB), lend(small, 64 * MIB)
    assert small.take(1) is None
    small.give_back(first)
    assert small.take(MIB) is not None


def test_a_loan_has_memory_once_that_is_needed() -> None:
    pool = BufferPool(4 * MIB)
    ahead = [lend(pool, MIB) for _ in range(3)]
    for loan in ahead[:2]:
        assert loan.size == MIB
        loan.view[:4] = b"full"
        pool.give_back(loan)
    assert ahead[0].buffer is ahead[1].buffer
    assert pool._idle_bytes == MIB


def test_once_nothing_is_lent_no_memory_is_kept() -> None:
    pool = BufferPool(4 * MIB)
    used, unused = lend(pool, MIB), lend(pool, MIB)
    used.slots.headers[0] = 1
    memory = weakref.ref(used.view.obj)
    pool.give_back(used)
    del used
    assert memory() is not None
    pool.give_back(unused)
    assert memory() is None
    assert pool._idle_bytes == 0


def test_memory_is_reused_by_size() -> None:
    pool = BufferPool(4 * MIB)
    another = lend(pool, 1)
    first = lend(pool, MIB)
    first.slots.headers[0] = 1
    pool.give_back(first)
    again = lend(pool, MIB - 5)
    assert len(again.view) == len(again.slots.views[-1]) + MIB - 16 * KIB == MIB - 5
    assert again.buffer is first.buffer
    pool.give_back(again)
    other = lend(pool, 2 * MIB)
    assert len(other.view) == 2 * MIB
    assert other.buffer is not first.buffer
    assert another.buffer is None


def test_releasing_twice_raises() -> None:
    pool = BufferPool(MIB)
    buffer = lend(pool, 1)
    pool.give_back(buffer)
    with pytest.raises(ValueError, match="not lent"):
        pool.give_back(buffer)
    with pytest.raises(ValueError, match="not lent"):
        pool.give_back(lend(BufferPool(MIB), MIB))


@given(st.lists(st.tuples(st.sampled_from(["take", "use", "give back"]), st.integers(1, 2 * MIB))))
def test_memory_stays_within_the_budget(steps: list[tuple[str, int]]) -> None:
    budget = MIB
    pool = BufferPool(budget)
    lent: list[Loan] = []
    for step, number in steps:
        if step == "take":
            loan = pool.take(number)
            assert loan is not None or len(lent) >= 2
            lent += [loan] if loan is not None else []
        elif lent and step == "use":
            assert len(lent[number % len(lent)].view) == lent[number % len(lent)].size
        elif lent:
            pool.give_back(lent.pop(number % len(lent)))
        filled = [loan.buffer for loan in lent if loan.buffer is not None]
        assert len(set(map(id, filled))) == len(filled)
        assert pool._lent_bytes == sum(loan.capacity for loan in lent)
        assert pool._filled_bytes == sum(buffer.capacity for buffer in filled)
        assert pool._filled_bytes + pool._idle_bytes <= max(budget, pool._lent_bytes)
        assert pool._idle_bytes == sum(size * len(idle) for size, idle in pool._idle.items())
        assert lent or not pool._idle_bytes


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
    assert pool._lent_bytes == 0


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
