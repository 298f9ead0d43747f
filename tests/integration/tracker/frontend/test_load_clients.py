"""The light clients of `make load`, on a real tracker."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from benchmarks.load.fleet import Fleet
from benchmarks.load.session import LightSession, LostError, RefusedError
from tests.integration.tracker.conftest import StartTracker

SECONDS = 60.0


def test_a_light_session_calls_and_is_cut(start_tracker: StartTracker) -> None:
    notices: list[dict[str, Any]] = []
    with LightSession(start_tracker().address, notices.append) as ann:
        ann.call("create_user", user="ann", password="secret123")
        token = ann.login("ann", "secret123")["token"]
        ann.call("create_group", group="lab", mode="open")
        with LightSession(ann.address) as bob:
            bob.call("create_user", user="bob", password="secret123")
            bob.login("bob", "secret123")
            bob.call("join_group", group="lab")
        while not notices:
            ann.listen(SECONDS)
        assert notices[0]["kind"] == "join_requested"
        with pytest.raises(RefusedError) as raised:
            ann.call("create_group", group="lab")
        assert raised.value.code == "group_exists"
        ann.cut()
        with pytest.raises(LostError):
            ann.call("ping")
    with LightSession(ann.address) as again:
        assert again.resume(token)["groups"] == ["lab"]


def test_a_fleet_runs_many_sessions(start_tracker: StartTracker) -> None:
    address = start_tracker().address
    with LightSession(address) as ann:
        ann.call("create_user", user="ann", password="secret123")
        token = ann.login("ann", "secret123")["token"]
    answers: list[dict[str, Any]] = []
    with closing(Fleet()) as fleet:
        sessions = [fleet.open(address) for _ in range(20)]
        for session in sessions:
            session.resume(token, answers.append)
            session.request("ping", answers.append)
        assert fleet.run(lambda: len(answers) == 40, SECONDS)
        assert all(answer["ok"] for answer in answers)
        with LightSession(address) as other:
            other.resume(token)
            (login,) = other.call("list_sessions")["sessions"]
            sessions[0].request("end_session", answers.append, id=login["id"])
            assert fleet.run(lambda: not any(s.is_open for s in sessions), SECONDS)
        sessions[0].request("ping", answers.append)
        assert answers[-1] == {}
