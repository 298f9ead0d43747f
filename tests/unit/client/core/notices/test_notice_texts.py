"""The sentences about events for the user."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.core.notices import events
from client.core.notices.notice_kinds import NoticeKind
from client.core.notices.notice_texts import NoticeText, notice_of
from common.errors import ErrorCode
from common.types import Endpoint

MIB = 1 << 20
TRACKER = Endpoint("127.0.0.1", 9000)
WHY = "The disk is full."


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        (
            events.TrackerConnected(TRACKER, is_back=True),
            NoticeKind.TRACKER,
            "Connected to the tracker at 127.0.0.1:9000.",
        ),
        (
            events.TrackerLost(TRACKER),
            NoticeKind.TRACKER,
            "Lost the connection to the tracker at 127.0.0.1:9000; reconnecting. Transfers "
            "continue.",
        ),
        (
            events.LoggedOut("ann", "It was ended elsewhere."),
            NoticeKind.TRACKER,
            "ann is logged out: It was ended elsewhere.",
        ),
        (
            events.EventsMissed(1),
            NoticeKind.MISSED,
            "You missed 1 notice; type: notices",
        ),
        (
            events.EventsMissed(2),
            NoticeKind.MISSED,
            "You missed 2 notices; type: notices",
        ),
    ],
)
def test_texts_about_tracker_and_login(event: events.Event, kind: NoticeKind, text: str) -> None:
    assert notice_of(event) == NoticeText(kind, text)


def test_the_trackers_sentence_about_a_group() -> None:
    event = events.GroupEvent("word_of_a_newer_tracker", "lab", "film", "ann filed film.")
    assert notice_of(event) == NoticeText("word_of_a_newer_tracker", "ann filed film.", "lab")


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        (
            events.TransferFailed("lab", "film", ErrorCode.NOT_MEMBER, WHY),
            NoticeKind.DOWNLOAD_FAILED,
            "lab/film has stopped: The disk is full.",
        ),
        (
            events.TransferPaused("lab", "film", WHY),
            NoticeKind.DOWNLOAD_PAUSED,
            "lab/film has stopped: The disk is full.",
        ),
        (
            events.ShareFailed("lab", "film", ErrorCode.FILE_CHANGED, WHY),
            NoticeKind.SHARE_FAILED,
            "lab/film has stopped: The disk is full.",
        ),
        (
            events.PiecesLost("lab", "film", 1),
            NoticeKind.WARNING,
            "lab/film has changed on the disk: 1 piece of it was wrong or missing there and will "
            "be downloaded again.",
        ),
        (
            events.PiecesLost("lab", "film", 1234),
            NoticeKind.WARNING,
            "lab/film has changed on the disk: 1,234 pieces of it were wrong or missing there and "
            "will be downloaded again.",
        ),
    ],
)
def test_texts_about_transfers(event: events.Event, kind: NoticeKind, text: str) -> None:
    assert notice_of(event) == NoticeText(kind, text, "lab")


@pytest.mark.parametrize(
    ("size", "fetched", "seconds", "sources", "sentence"),
    [
        (
            300 * MIB,
            301 * MIB,
            14.5,
            2,
            "300 MiB in 14.5 s, 20.8 MiB/s from 2 peers, at /data/film",
        ),
        (
            300 * MIB,
            43 * MIB,
            14.5,
            1,
            "300 MiB, of which 43.0 MiB in 14.5 s (3.0 MiB/s) from 1 peer, at /data/film",
        ),
        (300 * MIB, 0, 14.5, 2, "300 MiB, all of which was here, at /data/film"),
        (0, 0, 14.5, 2, "0 B in 14.5 s, 0 B/s from 2 peers, at /data/film"),
        (
            6 * MIB,
            6 * MIB,
            130.0,
            2,
            "6.0 MiB in 2 min 10 s, 47.3 KiB/s from 2 peers, at /data/film",
        ),
    ],
)
def test_the_rate_counts_only_this_runs_bytes(
    size: int, fetched: int, seconds: float, sources: int, sentence: str
) -> None:
    event = events.TransferCompleted(
        "lab", "film", Path("/data/film"), size, fetched, seconds, sources
    )
    text = f"lab/film is complete: {sentence}"
    assert notice_of(event) == NoticeText(NoticeKind.DOWNLOAD_COMPLETED, text, "lab")


@pytest.mark.parametrize(
    "event",
    [
        events.Event(),
        events.LoggedIn("ann"),
        events.LoggedOut("ann"),  # the user did it
        events.TrackerConnected(TRACKER),  # for the first time
        events.TransferEvent("lab", "film"),
        events.RateLimitsChanged(),
        events.GroupEvent("certificates_revoked", "lab", "ann", "A session of ann has ended."),
        events.GroupEvent("request_decided", "lab", "eve", "ann let eve into lab."),
    ],
)
def test_events_without_a_notice(event: events.Event) -> None:
    assert notice_of(event) is None
