"""Internal failures are logged once, and the tracker continues."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from common.api.accounts import CreateUser
from common.api.model import Model
from common.errors import ErrorCode, MinitorrentError
from tests.integration.tracker.conftest import Connect, Serve, StartTracker
from tests.integration.tracker.frontends import Frontends
from tests.integration.tracker.http_client import HttpClient
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import RefusedError, SessionClient, code_of
from tests.support.waiting import wait_until
from tracker.app import TrackerApp
from tracker.frontend.dispatch import Dispatcher
from tracker.frontend.periodic import Periodic
from tracker.services.caller import Caller
from tracker.store.database.errors import DatabaseBusyError, DatabaseLostError, InDoubtError
from tracker.store.presence.trackers import FRESH_SECONDS


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("by design")


def errors_in(capfd: pytest.CaptureFixture[str]) -> str:
    output = capfd.readouterr()
    return output.out + output.err


def wait_for_error(capfd: pytest.CaptureFixture[str], text: str, count: int = 1) -> None:
    logged = ""

    def is_logged() -> bool:
        nonlocal logged
        logged += errors_in(capfd)
        return logged.count(text) >= count

    wait_until(is_logged, 5, f"{text} to be logged")


@pytest.mark.any_database
def test_connections_during_shutdown_are_closed_quietly(
    tracker: TrackerApp,
    ann: SessionClient,
    connect: Connect,
    capfd: pytest.CaptureFixture[str],
    real_logs: None,
) -> None:
    """Accepted last, when the tracker's own row is gone from the database already."""
    token = connect(tracker).login("ann")["token"]
    late = connect(tracker)
    tracker._heartbeat.stop(10)
    tracker._services.lifecycle.stop()
    resume = {"token": token, "peer_id": "ab" * 20, "port": 1}
    assert code_of(late, "resume_session", **resume) == "busy"
    assert "an operation failed" not in errors_in(capfd)


@pytest.mark.any_database
def test_a_tracker_that_was_taken_for_dead_keeps_its_sessions(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    """Nobody is disconnected but those whose logins have ended meanwhile."""
    bob = connect(tracker).sign_up("bob")
    tracker._heartbeat.stop(10)
    with tracker._store.write() as work:
        user = work.users.by_name("bob")
        assert user is not None
        work.users.revoke_tokens(work.users.other_tokens(user.id, 0))
        work.trackers.remove(tracker._services.events.tracker_id)
    assert code_of(ann, "list_groups") == "busy"
    tracker._beat()
    assert ann.call("list_groups")["groups"]
    assert bob.read()["error"]["code"] == "not_logged_in"
    (row,) = ann.call("list_members", group="lab")["members"]
    assert row["online"]


@pytest.mark.any_database
def test_a_periodic_task_survives_failures(
    capfd: pytest.CaptureFixture[str], real_logs: None
) -> None:
    calls = 0
    enough = threading.Event()

    def act() -> None:
        nonlocal calls
        calls += 1
        if calls >= 6:
            enough.set()
        if calls in {2, 3, 5}:
            fail()

    task = Periodic("test-task", 0.01, act)
    task.start()
    assert enough.wait(10)
    task.stop(5)
    assert errors_in(capfd).count("a periodic task fails") == 1  # the others are counted


def health_of(frontends: Frontends) -> tuple[int, dict[str, Any]]:
    """The status and the JSON with which the question for health is answered."""
    status, _, answer = HttpClient(frontends).send("/health", method="GET")
    return status, json.loads(answer)


def test_health_has_figures(lab: Lab, serve: Serve, tmp_path: Path) -> None:
    status, health = health_of(serve(lab.services))
    assert health.pop("disk_free_bytes") > 0
    assert (status, health) == (
        200,
        {
            "status": "ok",
            "database": "ok",
            "heartbeat": "ok",
            "disk": "ok",
            "draining": False,
            "heartbeat_seconds": 0.0,
        },
    )


def test_health_reports_an_unwritable_database(lab: Lab, serve: Serve) -> None:
    frontends = serve(lab.services)
    lab.database.on_write = fail
    with pytest.raises(ZeroDivisionError):
        lab.pass_time(1.0)
    status, health = health_of(frontends)
    assert (status, health["database"], health["heartbeat"]) == (503, "not written to", "ok")
    lab.database.on_write = lambda: None
    lab.pass_time(1.0)
    assert health_of(frontends)[0] == 200
    lab.now += FRESH_SECONDS + 1
    assert health_of(frontends)[1]["heartbeat"] == "late"


def test_health_never_asks_the_database(lab: Lab, serve: Serve) -> None:
    frontends = serve(lab.services)
    lab.database.on_read = lab.database.on_write = fail
    assert health_of(frontends)[0] == 200


def test_a_tracker_watches_its_health(tracker: TrackerApp) -> None:
    """A database that can neither be written nor read for long, while the tracker runs."""
    before = tracker._health._read_at
    wait_until(lambda: tracker._health._read_at > before, what="events to be looked for")
    with tracker._store._engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE trackers RENAME TO lost")
    wait_until(lambda: not tracker._health.assess().is_ok, what="a failing heartbeat")
    client = HttpClient(tracker)
    status, _, answer = client.send("/health", method="GET")
    assert (status, json.loads(answer)["database"]) == (503, "not written to")


def test_a_failing_announce_is_answered_and_logged_without_its_key(
    lab: Lab, serve: Serve, capfd: pytest.CaptureFixture[str], real_logs: None
) -> None:
    client = HttpClient(serve(lab.services))
    lab.database.on_read = fail
    _, _, answer = client.send("/scrape/SECRET?info_hash=" + "x" * 20, method="GET")
    (request,) = re.findall(rb"The tracker failed to do this \(request ([0-9a-f]{8})\)", answer)
    (logged,) = errors_in(capfd).splitlines()
    assert f"request={request.decode()}" in logged
    assert "ZeroDivisionError: by design" in logged
    assert "test_failures.py" in logged
    assert "SECRET" not in logged


def test_a_storm_of_one_failure_is_one_line_whose_request_everybody_gets(
    lab: Lab, serve: Serve, connect: Connect, capfd: pytest.CaptureFixture[str], real_logs: None
) -> None:
    client = connect(serve(lab.services))
    client.login("ann")
    lab.database.on_write = fail
    sentences = set()
    for number in range(20):
        with pytest.raises(RefusedError) as raised:
            client.call("create_group", group=f"lab{number}", mode="open")
        assert raised.value.code == "internal"
        sentences.add(raised.value.message)
    (sentence,) = sentences
    (request,) = re.findall(r"\(request ([0-9a-f]{8})\); its operator can find", sentence)
    (line,) = errors_in(capfd).splitlines()
    assert "an operation failed" in line
    assert f"request={request}" in line
    assert "operation=create_group" in line


def test_an_overloaded_database_is_answered_with_when_to_try_again(
    lab: Lab, serve: Serve, connect: Connect, capfd: pytest.CaptureFixture[str], real_logs: None
) -> None:
    frontends = serve(lab.services)
    ann, http = connect(frontends), HttpClient(frontends)
    ann.login("ann")

    def be_busy() -> None:
        raise DatabaseBusyError("too much waits for it", 7)

    lab.database.on_read = be_busy
    sentence = "The tracker is busy; try again in 7 s."
    error = {"code": "busy", "message": sentence, "retry_after": 7.0}
    ann.send(b'{"id": 1, "op": "list_groups"}\n')
    assert ann.read() == {"id": 1, "ok": False, "error": error}
    http.token = "any"
    assert http.ask("list_groups") == (503, {"ok": False, "error": error})
    _, headers, _ = http.send("/api/v1/list_groups", b"{}", {"Authorization": "Bearer any"})
    assert headers["retry-after"] == "7"
    _, _, answer = http.send("/scrape/KEY?info_hash=" + "x" * 20, method="GET")
    assert sentence.encode() in answer
    assert errors_in(capfd).count("Traceback") == 0


def test_the_end_of_a_connection_is_recorded_once_the_database_allows_it(
    lab: Lab, serve: Serve, connect: Connect
) -> None:
    frontends = serve(lab.services)

    def connections() -> int:
        with lab.store.read() as work:
            user = work.users.by_name("ann")
            assert user is not None
            return len(work.trackers.connections_of(user.id))

    def be_busy() -> None:
        raise DatabaseBusyError("too much waits for it", 7)

    before = connections()
    ann = connect(frontends)
    ann.login("ann")
    lab.database.on_write = be_busy
    ann.close()
    wait_until(lambda: frontends.sessions.count() == 0, 30, "the end of the connection")
    assert connections() == before + 1
    lab.database.on_write = lambda: None
    frontends.sessions.record_ends()
    assert connections() == before


class FailingDispatcher(Dispatcher):
    """A dispatcher that breaks its promise to raise only MinitorrentError."""

    def call(self, caller: Caller, name: str, arguments: object) -> Model:
        raise ZeroDivisionError("by design")


@pytest.mark.any_database
def test_a_failing_connection_is_closed_and_logged(
    lab: Lab,
    serve: Serve,
    connect: Connect,
    capfd: pytest.CaptureFixture[str],
    real_logs: None,
) -> None:
    client = connect(serve(lab.services, make_dispatcher=FailingDispatcher))
    client.send(b'{"id": 1, "op": "ping"}\n')
    assert client.read() == {}
    assert "a connection failed" in errors_in(capfd)


def test_a_connection_is_closed_even_if_its_end_cannot_be_recorded(
    lab: Lab,
    serve: Serve,
    connect: Connect,
    capfd: pytest.CaptureFixture[str],
    real_logs: None,
) -> None:
    client = connect(serve(lab.services))
    client.login("ann")
    lab.database.on_write = fail
    client.send(b"bye\n")
    assert client.read()["ok"] is False
    assert client.read() == {}
    wait_for_error(capfd, "end was not recorded")


def test_two_simultaneous_claims_of_one_name(lab: Lab) -> None:
    """One of them writes between the other's read and write."""
    accounts, caller = lab.services.accounts, Caller("", "10.0.0.1", "127.0.0.1")
    request = CreateUser(user="bob", password="secret123")

    def overtake() -> None:
        lab.database.on_write = lambda: None
        assert accounts.create_user(caller, request).user == "bob"

    lab.database.on_write = overtake
    with pytest.raises(MinitorrentError) as raised:
        accounts.create_user(caller, request)
    assert raised.value.code is ErrorCode.USER_EXISTS
    lab.client("bob")


def test_shutdown_succeeds_with_a_failing_database(
    start_tracker: StartTracker, capfd: pytest.CaptureFixture[str]
) -> None:
    tracker = start_tracker()
    with tracker._store._engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE trackers RENAME TO lost")
    tracker.stop()
    assert "could not deregister" in errors_in(capfd)


def test_while_the_database_is_away_nothing_is_done_and_clients_ask_again(
    lab: Lab, serve: Serve, connect: Connect, capfd: pytest.CaptureFixture[str], real_logs: None
) -> None:
    client = connect(serve(lab.services))
    client.login("ann")

    def be_away() -> None:
        raise DatabaseLostError("connection refused")

    lab.database.on_read = lab.database.on_write = be_away
    for _ in range(3):
        with pytest.raises(RefusedError) as raised:
            client.call("create_group", group="den", mode="open")
        assert raised.value.code == "busy"
        assert "can't reach its database; try again in 2 s" in raised.value.message
    (line,) = errors_in(capfd).splitlines()
    assert "the database can't be reached" in line
    assert "connection refused" in line


def test_a_request_in_doubt_ends_the_session_without_an_answer(
    lab: Lab, serve: Serve, connect: Connect
) -> None:
    frontends = serve(lab.services)
    client = connect(frontends)
    client.login("ann")

    def break_off() -> None:
        raise InDoubtError("server closed the connection")

    lab.database.on_write = break_off
    client.send(b'{"id": 9, "op": "create_group", "args": {"group": "den"}}\n')
    assert client.read() == {}
