"""Each cause, and which one counts when several hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.admission.obstacle import Obstacle
from client.core.health.diagnosis import Cause, Snapshot, diagnose
from common.errors import ErrorCode


def cause(**values: Any) -> Cause:
    """Return the diagnosed cause for a download with these values."""
    return diagnose(
        Snapshot(**{"group": "lab", "name": "film", "state": "downloading", **values})
    ).cause


@pytest.mark.parametrize(
    ("expected", "values"),
    [
        (Cause.NOT_MEMBER, {"state": "failed", "error": ErrorCode.NOT_MEMBER}),
        (Cause.FILE_CHANGED, {"state": "failed", "error": ErrorCode.FILE_CHANGED}),
        (Cause.FILE_CHANGED, {"state": "failed", "error": ErrorCode.FILE_NOT_FOUND}),
        (Cause.NOT_SHARED, {"state": "failed", "error": ErrorCode.NO_SUCH_FILE}),
        (Cause.FAILED, {"state": "failed", "error": ErrorCode.PERMISSION_DENIED}),
        (Cause.DISK_FULL, {"state": "paused", "waits_for_space": True}),
        (Cause.PAUSED, {"state": "paused"}),
        (Cause.CHECKING, {"state": "checking"}),
        (Cause.QUEUED, {"state": "queued"}),
        (Cause.QUEUED, {"state": "queued", "ahead": 3}),
        (Cause.CLOCK, {"certificate": "valid", "skew": 3600.0, "connected": 1}),
        (Cause.CLOCK, {"certificate": "expired", "skew": -3600.0}),
        (Cause.CERTIFICATE, {"certificate": "expired"}),
        (Cause.CERTIFICATE, {"certificate": "missing", "skew": 1.0}),
        (Cause.NO_TRACKER, {"tracker": False}),
        (Cause.NO_TRACKER, {"tracker": False, "state": "seeding"}),
        (Cause.PORT, {"state": "seeding", "port_reachable": False}),
        (Cause.PORT, {"known": 2, "obstacles": (Obstacle.REFUSED,) * 2, "port_reachable": False}),
        (Cause.LIMIT, {"state": "seeding", "connected": 1, "rate": 90.0, "limit": 100}),
        (Cause.SEEDING, {"state": "seeding", "connected": 1, "port_reachable": False}),
        (Cause.SEEDING, {"state": "seeding", "skew": 3600.0}),
        (Cause.NO_SEEDER, {}),
        (Cause.CONNECTING, {"known": 2, "obstacles": (Obstacle.REFUSED,)}),
        (Cause.UNREACHABLE, {"known": 2, "obstacles": (Obstacle.REFUSED, Obstacle.NO_ANSWER)}),
        (Cause.TURNED_AWAY, {"known": 1, "obstacles": (Obstacle.HUNG_UP,)}),
        (Cause.TURNED_AWAY, {"known": 1, "obstacles": (Obstacle.LEFT,), "port_reachable": False}),
        (Cause.SLOW_DISK, {"connected": 1, "waiting_pieces": 8, "rate": 5.0}),
        (Cause.LIMIT, {"connected": 1, "rate": 90.0, "limit": 100}),
        (Cause.RUNNING, {"connected": 1, "rate": 10.0}),
        (Cause.RUNNING, {"connected": 1, "rate": 10.0, "tracker": False}),
        (Cause.MISSING_PIECES, {"connected": 1, "missing_pieces": 2}),
        (Cause.BAD_DATA, {"connected": 1, "missing_pieces": 2, "liars": ("ann at 10.0.0.1:6",)}),
        (Cause.BAD_DATA, {"known": 1, "liars": ("ann at 10.0.0.1:6",)}),
        (Cause.CONNECTING, {"known": 2, "liars": ("ann at 10.0.0.1:6",)}),
        (Cause.CHOKED, {"connected": 2, "useful": 2, "missing_pieces": 2}),
        (Cause.WAITING, {"connected": 2, "useful": 2, "willing": 1}),
        (Cause.WAITING, {"connected": 1}),
    ],
)
def test_cause(expected: Cause, values: dict[str, Any]) -> None:
    assert cause(**values) is expected


def test_the_limiting_limit_is_named() -> None:
    values: dict[str, Any] = {"group": "lab", "name": "film", "connected": 1, "limit": 5000}
    whole = diagnose(Snapshot(**values, state="downloading"))
    assert whole.text == "Slowed by your limit of 4.9 KiB/s."
    assert whole.hint == "To lift it, type: limit down 0"
    own = diagnose(Snapshot(**values, state="seeding", limit_is_own=True))
    assert own.hint == "To lift it, type: limit up 0 lab film"


def test_the_peer_that_sent_wrong_data_is_named() -> None:
    values: dict[str, Any] = {"group": "lab", "name": "film", "state": "downloading"}
    warning = "ann at 10.0.0.1:6 sent wrong data, which was discarded."
    alone = diagnose(Snapshot(**values, known=1, liars=("ann at 10.0.0.1:6",)))
    assert alone.text.startswith(warning)
    assert "recheck" in alone.hint
    well = diagnose(Snapshot(**values, connected=1, rate=9.0, liars=("ann at 10.0.0.1:6",)))
    assert well == (Cause.RUNNING, f"Running well, with 1 peer. {warning}", "Nothing to do.")


def test_the_most_important_cause_comes_first() -> None:
    """Whatever is true besides, the earlier cause is named."""
    all_wrong = {
        "error": ErrorCode.NOT_MEMBER,
        "certificate": "expired",
        "skew": 999.0,
        "tracker": False,
        "port_reachable": False,
        "waiting_pieces": 9,
    }
    assert cause(**all_wrong, state="failed") is Cause.NOT_MEMBER
    assert cause(**all_wrong, state="paused") is Cause.PAUSED
    assert cause(**all_wrong) is Cause.CLOCK
    assert cause(**{**all_wrong, "skew": None}) is Cause.CERTIFICATE
    assert cause(**{**all_wrong, "skew": None, "certificate": "valid"}) is Cause.NO_TRACKER


@pytest.mark.parametrize(
    ("obstacle", "words", "step"),
    [
        (Obstacle.NO_ROUTE, "can't be reached from this computer's network", "Check the network"),
        (Obstacle.NO_ANSWER, "gives no answer at its port", "open their port in the firewall"),
        (Obstacle.REFUSED, "refuses connections at its port", "Ask them to start their client"),
        (
            Obstacle.NO_WAY,
            "can't be reached, and can't reach you",
            "Forward the port",
        ),
        (Obstacle.NO_RELAY, "the tracker's relay has not joined you", "share of it for today"),
        (Obstacle.NO_ROOM_HERE, "no free place for another connection", "type: doctor"),
        (Obstacle.NOT_BITTORRENT, "not with BitTorrent", "Another program"),
        (
            Obstacle.SILENT,
            "accepts connections at its port, but says nothing",
            "restart that client",
        ),
        (Obstacle.HUNG_UP, "hangs up before the handshake", "owner switch TCP on"),
        (Obstacle.CERTIFICATE, "rejects your certificate", "Check the clocks"),
        (Obstacle.NOT_YET_VALID, "not valid yet by this machine's clock", "probably behind"),
        (Obstacle.EXPIRED, "has expired by this machine's clock", "clock is ahead"),
        (Obstacle.THEIR_CLOCK, "considers your certificate expired", "theirs is probably wrong"),
        (Obstacle.OTHER_TORRENT, "answers for another file", "restart it"),
        (Obstacle.TURNED_AWAY, "accepts no connection for this", "no free slot"),
        (Obstacle.LEFT, "shakes hands, and then hangs up", "no free slot"),
    ],
)
def test_obstacles_to_the_only_peer(obstacle: Obstacle, words: str, step: str) -> None:
    values: dict[str, Any] = {"known": 1, "obstacles": (obstacle,)}
    reason = diagnose(Snapshot(group="lab", name="film", state="downloading", **values))
    assert reason.text.startswith("The only peer that is online ")
    assert words in reason.text
    assert step in reason.hint


counts = st.integers(0, 5)


@given(
    st.builds(
        Snapshot,
        group=st.just("lab"),
        name=st.just("film"),
        message=st.just("It is broken."),
        connected=counts,
        known=counts,
        obstacles=st.lists(st.sampled_from(Obstacle), max_size=5).map(tuple),
        useful=counts,
        willing=counts,
        missing_pieces=counts,
        waiting_pieces=st.integers(0, 9),
        ahead=st.none() | counts,
        skew=st.none() | st.floats(-1e6, 1e6),
        limit=st.none() | st.integers(1, 1 << 40),
        rate=st.floats(0, 1e9),
    )
)
def test_every_diagnosis_has_a_sentence_and_a_step(snapshot: Snapshot) -> None:
    reason = diagnose(snapshot)
    assert reason.text[0].isupper() or reason.text[0].isdigit()
    assert reason.hint[0].isupper()
    assert reason.text.endswith(".")
