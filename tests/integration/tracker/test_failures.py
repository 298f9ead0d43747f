"""What goes wrong inside is shown once, and the tracker goes on."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request

import pytest

from common import announce
from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.sessions import SessionClient, code_of
from tests.support.waiting import wait_until
from tracker.app import TrackerApp
from tracker.frontend.periodic import Periodic
from tracker.services.accounts import AccountService
from tracker.store.users import UserRepository


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("by design")


def errors_in(capfd: pytest.CaptureFixture[str]) -> str:
    output = capfd.readouterr()
    return output.out + output.err


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
    assert code_of(late, "resume_session", **resume) == "internal"
    assert "an operation failed" not in errors_in(capfd)


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
    assert errors_in(capfd).count("a periodic task fails") == 2


def test_health_reports_a_failing_database(
    tracker: TrackerApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.store.events.EventRepository.last_id", fail)
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"http://{tracker.http_address}/health")
    with raised.value as answer:
        assert answer.code == 503
        assert json.load(answer)["status"] == "failing"


def test_health_reports_an_unwritable_database(
    tracker: TrackerApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.store.trackers.TrackerRepository.beat", fail)
    monkeypatch.setattr("tracker.services.lifecycle.FRESH_SECONDS", 0.0)
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"http://{tracker.http_address}/health")
    with raised.value as answer:
        assert answer.code == 503
        assert json.load(answer) == {"status": "failing", "database": "not written to"}


def test_a_failing_announce_is_answered_and_logged_without_its_key(
    tracker: TrackerApp, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tracker.store.peers.PeerRepository.holder_of", fail)
    query = "info_hash=" + "x" * 20
    with urllib.request.urlopen(f"http://{tracker.http_address}/scrape/SECRET?{query}") as answer:
        assert answer.read() == announce.encode_failure("the tracker failed to do this")
    logged = errors_in(capfd)
    assert "by design" in logged
    assert "SECRET" not in logged


def test_a_failing_connection_is_closed_and_logged(
    tracker: TrackerApp,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    client = connect(tracker)
    monkeypatch.setattr("tracker.frontend.connection.Connection._answer", fail)
    client.send(b'{"id": 1, "op": "ping"}\n')
    assert client.read() == {}
    assert "a connection failed" in errors_in(capfd)


def test_a_connection_is_closed_even_if_its_end_cannot_be_recorded(
    tracker: TrackerApp,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    client = connect(tracker).sign_up("ann")
    monkeypatch.setattr(AccountService, "disconnect", fail)
    client.send(b"bye\n")
    assert client.read()["ok"] is False
    assert client.read() == {}
    logged = ""

    def is_logged() -> bool:
        nonlocal logged
        logged += errors_in(capfd)
        return "end was not recorded" in logged

    wait_until(is_logged, 5, "the failure to be logged")


def test_without_threads_a_connection_is_refused(
    tracker: TrackerApp, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("tracker.frontend.session._start_small", _no_thread)
        with pytest.raises(OSError):
            connect(tracker)
    assert connect(tracker).call("ping") == {}


def _no_thread(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_two_simultaneous_claims_of_one_name(
    tracker: TrackerApp, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(tracker)
    client.call("create_user", user="ann", password="secret123")
    find = UserRepository.by_name
    # As if the other had come between the look and the write.
    monkeypatch.setattr(UserRepository, "by_name", lambda self, name: None)
    assert code_of(client, "create_user", user="ann", password="secret123") == "user_exists"
    monkeypatch.setattr(UserRepository, "by_name", find)
    client.login("ann")


def test_a_rush_of_logins_gets_busy(
    tracker: TrackerApp, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.services.hashing._WAIT", 0.05)
    begun, go_on = threading.Event(), threading.Event()

    def hash_slowly(_password: str, _salt: bytes) -> str:
        begun.set()
        assert go_on.wait(10)
        return "hash"

    monkeypatch.setattr("tracker.domain.credentials.hash_password", hash_slowly)
    clients = [connect(tracker) for _ in range(3)]
    threads = [
        threading.Thread(
            target=client.call,
            args=("create_user",),
            kwargs={"user": f"user{number}", "password": "secret123"},
        )
        for number, client in enumerate(clients[:2])
    ]
    try:
        for thread in threads:
            begun.clear()
            thread.start()
            assert begun.wait(10)
        refused = code_of(clients[2], "create_user", user="late", password="secret123")
        assert refused == "busy"
    finally:
        go_on.set()
        for thread in threads:
            thread.join(10)


def test_clients_return_to_a_tracker_after_a_stall(tracker: TrackerApp, connect: Connect) -> None:
    client = connect(tracker).sign_up("ann")
    tracker._leave_database()  # as another tracker does with one that it takes for dead
    wait_until(lambda: client.read() == {}, 10, "the tracker to let go of its client")
    with SessionClient(tracker.address) as back:
        assert back.login("ann")["user"] == "ann"


def test_shutdown_succeeds_with_a_failing_database(
    start_tracker: StartTracker,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    tracker = start_tracker()
    with monkeypatch.context() as patch:
        patch.setattr("tracker.services.lifecycle.Lifecycle.stop", fail)
        tracker.stop()
    assert "could not deregister" in errors_in(capfd)
