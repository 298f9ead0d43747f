"""More sessions than allowed: existing ones continue, further ones are refused with a reason."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from tests.attacks.sessions import LimitedTracker, crowd, resume
from tests.integration.tracker.sessions import SessionClient

SOURCES = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]


def is_healthy(tracker: LimitedTracker) -> bool:
    with urllib.request.urlopen(f"http://{tracker.http}/health", timeout=10) as response:
        health = json.load(response)
    return (health["status"], health["database"]) == ("ok", "ok")


def token_of(tracker: LimitedTracker, user: str) -> str:
    with SessionClient(tracker.address) as client:
        token: str = client.login(user)["token"]
        return token


@pytest.mark.parametrize("count", [150, pytest.param(500, marks=pytest.mark.soak)])
def test_very_many_sessions_with_1024_descriptors(tmp_path: Path, count: int) -> None:
    with LimitedTracker(tmp_path, 1024) as tracker, SessionClient(tracker.address) as ann:
        before = tracker.descriptors
        ann.sign_up("ann").call("create_group", group="lab")
        token = token_of(tracker, "ann")
        with crowd(tracker.address, [SOURCES[number % 4] for number in range(count)]) as clients:
            assert {reply["user"] for reply in resume(clients, token)} == {"ann"}
            assert tracker.descriptors < before + count + 30
            assert is_healthy(tracker)
            with SessionClient(tracker.address) as bob:
                bob.sign_up("bob").call("join_group", group="lab")
            for client in (ann, *clients):
                assert client.notice(kind="join_requested")["subject"] == "bob"
                assert client.call("ping") == {}


def test_a_full_tracker_refuses_sessions_with_a_reason(tmp_path: Path) -> None:
    with LimitedTracker(tmp_path, 256) as tracker:
        with SessionClient(tracker.address) as ann:
            ann.sign_up("ann")
        token = token_of(tracker, "ann")
        with crowd(tracker.address, [SOURCES[number % 4] for number in range(102)]) as served:
            resume(served, token)
            with crowd(tracker.address, [SOURCES[number % 4] for number in range(48)]) as refused:
                codes = {client.greeting["error"]["code"] for client in refused}
                assert codes == {"tracker_unreachable"}
                assert is_healthy(tracker)
            assert all(client.call("list_groups")["groups"] == [] for client in served)
        with SessionClient(tracker.address) as after:
            assert after.login("ann")["user"] == "ann"
