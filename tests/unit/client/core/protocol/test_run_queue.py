"""The queue of runs against a plain list of blocks."""

from __future__ import annotations

from functools import partial
from itertools import takewhile

from hypothesis import example, given
from hypothesis import strategies as st

from client.core.protocol.run_queue import RunQueue
from common.types import Block, BlockRun, PieceIndex
from tests.support.swarm.runs import blocks_of

RUNS = st.builds(
    BlockRun, st.integers(0, 1), st.integers(0, 4), st.integers(1, 5), st.integers(1, 3)
)
BLOCKS = st.builds(Block, st.integers(0, 1).map(PieceIndex), st.integers(0, 9), st.integers(0, 3))
KEEP = st.integers(0, 9).map(float)
STEPS = st.one_of(
    RUNS, BLOCKS, st.integers(0, 12), st.tuples(st.integers(0, 9), st.integers(0, 9)), KEEP
)


def is_of(piece: int | None, block: Block) -> bool:
    return block.piece == piece


@given(st.lists(RUNS, max_size=8), st.integers(0, 12))
@example([BlockRun(0, 0, 3, 1), BlockRun(1, 0, 4, 1)], 4)
@example([BlockRun(0, 0, 1, 1), BlockRun(1, 0, 4, 1)], 4)
def test_a_burst_cuts_a_run_only_if_it_would_be_short_otherwise(
    runs: list[BlockRun], most: int
) -> None:
    queue = RunQueue()
    queue.extend(runs)
    burst = queue.take_burst(most)
    count = sum(run.count for run in burst)
    plain = [block for run in runs for block in run.blocks()]
    assert blocks_of(burst) + blocks_of(queue.take(len(queue))) == plain
    assert count <= most
    assert count == min(most, len(plain)) or (burst == runs[: len(burst)] and count * 2 > most)


@given(st.lists(STEPS, max_size=30))
@example([BlockRun(0, 0, 5, 3), Block(PieceIndex(0), 6, 3), BlockRun(0, 0, 1, 3), (0, 2), (2, 9)])
@example([BlockRun(0, 0, 2, 3), Block(PieceIndex(0), 0, 3), Block(PieceIndex(0), 3, 3)])
@example([BlockRun(0, 0, 5, 3), BlockRun(1, 0, 2, 3), 2, 3.0])
@example([BlockRun(0, 0, 5, 3), BlockRun(1, 0, 2, 3), 2, 2.0])
@example([BlockRun(0, 0, 2, 3), Block(PieceIndex(0), 1, 3), Block(PieceIndex(0), 6, 3), 5])
def test_a_queue_of_runs_is_a_queue_of_blocks(
    steps: list[BlockRun | Block | int | float | tuple[int, int]],
) -> None:
    queue, plain, begun = RunQueue(), list[Block](), None
    for step in steps:
        match step:
            case BlockRun():
                queue.extend([step])
                plain += step.blocks()
            case Block():
                assert queue.remove(step) == (step in plain)
                if step in plain:
                    plain.remove(step)
            case int():
                assert blocks_of(queue.take(step)) == plain[:step]
                begun = plain[:step][-1].piece if plain[:step] else begun
                del plain[:step]
            case float():
                rest = list(takewhile(partial(is_of, begun), plain))
                kept = rest if len(rest) <= step else []
                assert blocks_of(queue.take_all(int(step))) == plain[len(kept) :]
                plain = kept
            case start, stop:
                size = sum(block.length for block in plain[start:stop])
                assert queue.size(start, stop) == size
        assert len(queue) == len(plain)
        assert queue.next_piece == (plain[0].piece if plain else None)
    assert blocks_of(queue.take(len(queue))) == plain


def test_the_rest_of_a_piece_spans_its_runs() -> None:
    queue = RunQueue()
    assert queue.rest_of_piece(0) == (0, False)
    queue.extend([BlockRun(0, 0, 2, 16), BlockRun(0, 32, 3, 16), BlockRun(1, 0, 4, 16)])
    rests = [queue.rest_of_piece(start) for start in range(10)]
    assert rests[:5] == [(count, True) for count in (5, 4, 3, 2, 1)]
    assert rests[5:] == [(count, False) for count in (4, 3, 2, 1, 0)]
