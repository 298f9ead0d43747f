"""A tracker with more to do than it can: requests that have waited for long are turned away."""

from __future__ import annotations

from contextlib import closing

import pytest

from common.errors import MinitorrentError
from tests.integration.tracker.conftest import StartTracker
from tests.integration.tracker.sessions import RefusedError, SessionClient
from tests.integration.tracker.stock_client import StockClient
from tracker.services import busy

pytestmark = pytest.mark.any_database


def test_who_has_waited_longer_is_asked_to_wait_longer() -> None:
    busy.refuse_late(busy.LATE_SECONDS, "list_groups")
    pauses = []
    for waited in (3.1, 10.0, 10_000.0):
        with pytest.raises(MinitorrentError) as caught:
            busy.refuse_late(waited, "list_groups")
        assert caught.value.code == "busy"
        pauses.append(caught.value.retry_after)
    assert pauses == [7.0, 20.0, 30.0]
    busy.refuse_late(10.0, "ping")


def test_late_requests_are_turned_away_and_nobody_is_dropped(
    start_tracker: StartTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = start_tracker()
    with SessionClient(tracker.address) as ann:
        ann.sign_up("ann").call("create_group", group="lab")
        info_hash = ann.upload("lab", "x.bin")["info_hash"]
        (url,) = ann.call("announce_key", group="lab")["announce_urls"]
        with closing(StockClient(url, info_hash)) as stock, monkeypatch.context() as patch:
            patch.setattr(busy, "LATE_SECONDS", -1.0)  # so every request is late
            with pytest.raises(RefusedError, match="busy: The tracker is busy; try again in"):
                ann.call("leave_group", group="lab")
            ann.call("ping")
            assert b"busy" in stock.announce(0)[b"failure reason"]
        assert [row["group"] for row in ann.call("list_groups")["groups"]] == ["lab"]
