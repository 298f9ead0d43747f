"""How the ends of downloads are counted."""

from __future__ import annotations

from pathlib import Path

from client.caller import Caller, acting_for, note_download
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


def test_every_caller_hears_of_what_ended_since_it_came(tmp_path: Path) -> None:
    events = EventBus()
    completions = Completions(events)
    early = Caller(tmp_path)
    events.publish(COMPLETED)
    late = Caller(tmp_path)
    with acting_for(late):
        assert completions.take().completed == []
    for _ in range(2):  # none takes it from another
        with acting_for(early):
            result = completions.take()
        early = Caller(tmp_path, arrived=0.0)
        assert result.completed == ["lab/film"]
    assert completions.take().completed == ["lab/film"]


def test_a_caller_hears_of_its_own_downloads_even_after_a_wait(tmp_path: Path) -> None:
    events = EventBus()
    completions = Completions(events)
    with acting_for(Caller(tmp_path)):
        note_download("lab", "other")
        events.publish(COMPLETED)
        events.publish(TransferFailed("lab", "other", WRONG.code, WRONG.message))
        result = completions.take()
        assert (result.completed, result.failed) == (["lab/film"], ["lab/other"])
        assert completions.take().failed == []
        own = completions.own()
        assert (own.completed, own.failed) == ([], ["lab/other"])
    assert completions.own().failed == ["lab/other"]  # the client's own are all
