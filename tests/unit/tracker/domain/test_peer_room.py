"""When a user's peers are counted."""

from __future__ import annotations

import pytest

from tracker.domain import peer_room
from tracker.domain.peer_room import PeerRoom


def test_peers_are_counted_first_and_when_the_room_is_used_up() -> None:
    room = PeerRoom(100)
    assert not room.take(1, 1)
    assert not room.counted(1, 20)
    assert [room.take(1, 1) for _ in range(11)] == [True] * 10 + [False]


def test_the_limit_holds_although_eight_trackers_record_at_once() -> None:
    trackers = [PeerRoom(1000) for _ in range(8)]
    count = 0
    for room in trackers:
        room.take(1, 1)
        assert not room.counted(1, count)
    for room in trackers:
        while room.take(1, 1):
            count += 1
    assert 900 < count <= 1000


def test_too_many_peers_are_noticed() -> None:
    room = PeerRoom(10)
    assert room.counted(1, 11)
    assert not room.take(1, 1)
    assert not room.counted(1, 10)


def test_few_users_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_room, "_CAPACITY", 2)
    room = PeerRoom(1000)
    for user in (1, 2, 3):
        room.counted(user, 0)
    assert [room.take(user, 1) for user in (1, 2, 3)] == [False, True, True]
