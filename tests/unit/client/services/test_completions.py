"""How the ends of downloads are counted."""

from __future__ import annotations

from pathlib import Path

from client.core.notices.events import (
    ShareFailed,
    TransferCompleted,
    TransferFailed,
    TransferPaused,
)
from client.event_bus import EventBus
from client.services.transfers import Completions
from common.errors import ErrorCode, MinitorrentError

FULL = MinitorrentError(ErrorCode.DISK_FULL, "The disk is full.")
WRONG = MinitorrentError(ErrorCode.FILE_CHANGED, "It has changed.")
COMPLETED = TransferCompleted("lab", "film", Path("/data/film"), 300, 200, 14.5, 2)


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
