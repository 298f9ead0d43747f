"""Long requests wait for their turns."""

from __future__ import annotations

import threading

import pytest

from common.errors import ErrorCode, MinitorrentError
from tracker.frontend.bulk import BulkTurns


def test_a_user_has_so_many_and_all_have_so_many() -> None:
    turns = BulkTurns(total=3, per_user=2)
    assert [turns.take_now("ann") for _ in range(3)] == [True, True, False]
    assert [turns.take_now("bob") for _ in range(2)] == [True, False]
    turns.give_back("ann")
    assert turns.take_now("bob")


def test_who_waits_in_vain_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.frontend.bulk.WAIT_SECONDS", 0.05)
    turns = BulkTurns(total=1)
    turns.take("ann")
    with pytest.raises(MinitorrentError, match="try again in a minute") as raised:
        turns.take("bob")
    assert raised.value.code is ErrorCode.BUSY


def test_who_waits_comes_when_another_has_gone() -> None:
    turns = BulkTurns(total=1)
    turns.take("ann")
    waiting = threading.Thread(target=turns.take, args=("bob",))
    waiting.start()
    turns.give_back("ann")
    waiting.join(10)
    assert not waiting.is_alive()
    assert not turns.take_now("ann")
