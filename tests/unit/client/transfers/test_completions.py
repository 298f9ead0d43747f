"""How the end of a transfer is published and counted."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from client.core.notices.events import (
    ShareFailed,
    TransferCompleted,
    TransferEvent,
    TransferFailed,
    TransferPaused,
)
from client.event_bus import EventBus
from client.transfers.completions import Completions
from client.transfers.standing import Standing
from common.errors import ErrorCode, MinitorrentError

FULL = MinitorrentError(ErrorCode.DISK_FULL, "The disk is full.")
WRONG = MinitorrentError(ErrorCode.FILE_CHANGED, "It has changed.")
COMPLETED = TransferCompleted("lab", "film", Path("/data/film"), 300, 200, 14.5, 2)


@pytest.mark.parametrize(
    ("complete", "error", "waits", "outcome"),
    [
        (True, None, False, COMPLETED),
        (False, FULL, True, TransferPaused("lab", "film", FULL.message)),
        (False, WRONG, False, TransferFailed("lab", "film", WRONG.code, WRONG.message)),
        (True, WRONG, False, ShareFailed("lab", "film", WRONG.code, WRONG.message)),
    ],
)
def test_outcomes_of_transfers(
    complete: bool, error: MinitorrentError | None, waits: bool, outcome: TransferEvent
) -> None:
    transfer = SimpleNamespace(
        record=SimpleNamespace(complete=complete, group="lab", name="film"),
        error=error,
        waits_for_space=waits,
        started_at=1.0,
        ended_at=15.5,
        size=300,
        fetched=200,
        sources=2,
        path=Path("/data/film"),
    )
    assert Standing.outcome.fget(transfer) == outcome  # type: ignore[attr-defined]


def test_a_full_disk_with_free_space_again_is_not_a_failure() -> None:
    events = EventBus()
    completions = Completions(events)
    events.publish(TransferPaused("lab", "film", FULL.message))
    events.publish(COMPLETED)
    events.publish(TransferFailed("lab", "other", WRONG.code, WRONG.message))
    result = completions.take()
    assert (result.completed, result.failed) == (["lab/film"], ["lab/other"])
    result = completions.take()
    assert (result.completed, result.failed) == ([], [])


def test_failed_shares_do_not_count_as_downloads() -> None:
    events = EventBus()
    completions = Completions(events)
    events.publish(COMPLETED)
    events.publish(ShareFailed("lab", "film", WRONG.code, WRONG.message))
    result = completions.take()
    assert (result.completed, result.failed) == (["lab/film"], [])
