"""Evidence of wrong pieces, and the peers it accuses."""

from __future__ import annotations

from client.core.swarm.evidence import Evidence
from client.core.swarm.piece_download import PieceDownload
from common.types import BLOCK_SIZE, PieceIndex
from tests.support.swarm.memory import Memory
from tests.support.swarm.runs import one


def piece(index: int, *content: int) -> PieceDownload:
    """A piece whose blocks begin with these bytes; the first is from peer 1, the next from 2."""
    download = PieceDownload(PieceIndex(index), Memory(BLOCK_SIZE + 100))
    for number, first in enumerate(content):
        download.request(1)
        download.buffer[number * BLOCK_SIZE] = first
        download.receive(one(number))
        download.credit(number + 1)
    return download


def test_peers_with_different_data_are_reported_once() -> None:
    evidence = Evidence()
    evidence.keep(piece(0, 7, 8))
    assert evidence.judge(piece(0, 7, 9)) == {2}
    assert evidence.judge(piece(0, 7, 9)) == set()
    assert evidence.judge(piece(1, 7, 9)) == set()


def test_a_piece_that_could_not_be_written_accuses_nobody() -> None:
    evidence = Evidence()
    evidence.keep(piece(0, 7, 8))
    evidence.keep(piece(0, 7, 9))
    assert evidence.judge(piece(0, 7, 9)) == set()


def test_evidence_is_bounded() -> None:
    evidence = Evidence(4)
    for index in range(3):
        evidence.keep(piece(index, 7, 8))
    assert evidence.judge(piece(0, 0, 0)) == set()
    assert evidence.judge(piece(1, 0, 0)) == {1, 2}
