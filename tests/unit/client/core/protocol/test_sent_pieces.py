from __future__ import annotations

from client.core.protocol.sent_pieces import MAX_PIECES, SentPieces
from common.types import BlockRun


def block(piece: int, number: int, length: int = 10) -> BlockRun:
    return BlockRun(piece, number * 10, 1, length)


def test_a_piece_requested_again_after_it_was_sent_is_suspect() -> None:
    sent = SentPieces(lambda piece: 25 if piece == 9 else 30)
    whole = [block(4, 0), block(4, 1), block(4, 2)]
    assert sent.take_suspects(whole) == []
    sent.record(whole[:2])
    assert sent.take_suspects(whole[2:]) == []
    assert sent.last_whole() == []
    sent.record(whole[2:])
    assert sent.last_whole() == [4]
    assert sent.take_suspects([block(4, 0), block(5, 0), block(4, 1)]) == [4]
    assert sent.take_suspects(whole) == [], "only after it was sent whole once more"
    assert sent.last_whole() == []
    sent.record([block(9, 0), block(9, 1), block(9, 2, 5)])
    assert sent.take_suspects([block(9, 1)]) == [9]


def test_only_recent_pieces_are_remembered() -> None:
    sent = SentPieces(lambda _: 10)
    for piece in range(MAX_PIECES + 1):
        sent.record([block(piece, 0)])
    assert sent.take_suspects([block(0, 0)]) == []
    assert sent.take_suspects([block(1, 0)]) == [1]
    assert sent.last_whole() == [MAX_PIECES]
    assert len(sent._sent) == MAX_PIECES - 1
