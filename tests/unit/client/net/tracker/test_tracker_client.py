"""The tracker client with one or two scripted trackers: what survives which loss."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from client.config import DEFAULT_TIMING
from client.net.tracker.patience import RetryPolicy
from client.net.tracker.tracker_client import TrackerClient
from client.net.tracker.tracker_connection import UntrustedTrackerError
from common.api.accounts import CREATE_USER, PING, CreateUser, Ping
from common.api.groups import LIST_GROUPS, ListGroups
from common.api.lines import LIMIT_AFTER_LOGIN
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.unit.client.net.fake_tracker import (
    greeting_at,
)
from tests.unit.client.net.tracker.tracker_clients import (
    ENDED,
    PEER_ID,
    Clients,
    EventLog,
    answers,
    busy_at_first,
    nobody,
    unreachable,
)


def test_calls_wait_for_the_connection(clients: Clients) -> None:
    tracker = clients.tracker()
    client = clients.client(tracker)
    client.call(PING, Ping())
    assert client.state == "connected"
    assert client.current == tracker.address
    assert client.was_reached
    assert client.states() == [(tracker.address, "connected")]


def test_a_busy_tracker_is_asked_again(clients: Clients) -> None:
    tracker = clients.tracker()
    tracker.answers["ping"] = busy_at_first(2, 0.01)
    clients.client(tracker).call(PING, Ping())
    assert len(tracker.asked("ping")) == 3


def test_a_call_waits_for_a_busy_tracker_only_so_long(clients: Clients) -> None:
    tracker = clients.tracker()
    tracker.answers["ping"] = busy_at_first(1, 3600.0)
    with pytest.raises(MinitorrentError) as raised:
        clients.client(tracker).call(PING, Ping())
    assert raised.value.code is ErrorCode.BUSY
    assert raised.value.retry_after == 3600.0


@pytest.mark.parametrize("behind", [7200.0, -7200.0, 0.0])
def test_the_greeting_reveals_the_clock_difference(clients: Clients, behind: float) -> None:
    client = clients.client(clients.tracker(greeting=greeting_at(behind)))
    client.call(PING, Ping())
    assert client.clock_difference == pytest.approx(behind, abs=60)


def test_without_a_greeting_time_the_clock_is_unknown(clients: Clients) -> None:
    assert clients.client(nobody()).clock_difference is None
    client = clients.client(clients.tracker())
    client.call(PING, Ping())
    assert client.clock_difference is None


def test_no_tracker_is_reachable(clients: Clients) -> None:
    first, second = nobody(), nobody()
    client = clients.client(first, second)
    unreachable(client)
    assert client.state == "unreachable"
    assert client.current is None
    assert not client.was_reached
    assert dict(client.states()) == {first: "unreachable", second: "unreachable"}
    client.logout()  # without a login or a tracker


def test_the_second_tracker_serves_when_the_first_does_not_answer(clients: Clients) -> None:
    first, second = nobody(), clients.tracker()
    client = clients.client(first, second)
    client.call(PING, Ping())
    assert client.states() == [(first, "unreachable"), (second.address, "connected")]


def test_unneeded_trackers_are_not_tried(clients: Clients) -> None:
    first, second = clients.tracker(), clients.tracker()
    client = clients.client(first, second)
    client.call(PING, Ping())
    assert client.states() == [(first.address, "connected"), (second.address, "offline")]
    assert second.accepted == 0


def test_closing_does_not_wait_for_a_tracker_that_says_nothing(clients: Clients) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = clients.client(Endpoint(*silent.getsockname()))
        began = time.monotonic()
        client.close()
        client.close()
        assert time.monotonic() - began < DEFAULT_TIMING.tracker_connect


def test_a_round_in_vain_is_reported_with_its_reason(clients: Clients) -> None:
    def refuse(tracker: Endpoint, _: bytes) -> None:
        raise UntrustedTrackerError(f"{tracker} shows another certificate.")

    event_log, tracker = EventLog(), clients.tracker()
    clients.client(tracker, event_log=event_log, check_certificate=refuse)
    wait_until(lambda: event_log.obstacles, what="the report")
    assert "another certificate" in event_log.obstacles[0].message


def test_idempotent_requests_are_repeated_once(clients: Clients) -> None:
    tracker = clients.tracker()
    drops = iter([True, False])

    def answer(_: dict[str, Any]) -> dict[str, Any] | None:
        if next(drops):
            tracker.drop()
            return None
        return {"groups": []}

    client = clients.client(tracker)
    client.call(PING, Ping())
    time.sleep(0.15)
    tracker.answers["list_groups"] = answer
    assert client.call(LIST_GROUPS, ListGroups()).groups == []
    assert len(tracker.asked("list_groups")) == 2


def test_other_requests_are_not_repeated(clients: Clients) -> None:
    tracker = clients.tracker()
    tracker.answers["create_user"] = lambda _: tracker.drop()
    client = clients.client(tracker)
    with pytest.raises(MinitorrentError, match="Check whether it was done"):
        client.call(CREATE_USER, CreateUser(user="ann", password="secret123"))
    assert len(tracker.asked("create_user")) == 1


def test_a_request_refused_after_a_login_ended_is_repeated(clients: Clients) -> None:
    """The tracker reports that a login has ended instead of running the last request."""
    tracker = clients.tracker()
    ends = iter([True, False])

    def answer(_: dict[str, Any]) -> dict[str, Any] | None:
        if next(ends):
            tracker.push(ENDED)
            tracker.drop()
            return None
        return {"user": "bob", "warning": None}

    tracker.answers["create_user"] = answer
    client = clients.client(tracker)
    client.login("ann", "secret123")
    time.sleep(0.15)  # long enough to be steady
    request = CreateUser(user="bob", password="secret123")
    assert client.call(CREATE_USER, request).user == "bob"
    assert len(tracker.asked("create_user")) == 2


@pytest.mark.parametrize("greets", [True, False])
def test_a_tracker_that_drops_connections_causes_no_busy_loop(
    clients: Clients, greets: bool
) -> None:
    tracker = clients.tracker(hangs_up=True, **({} if greets else {"greeting": b""}))
    client = clients.client(tracker)
    unreachable(client)
    before, began = tracker.accepted, time.monotonic()
    time.sleep(1.0)
    rounds = tracker.accepted - before
    assert rounds <= (time.monotonic() - began) / 0.1 + 2  # a pause of 0.1 to 0.2 s each time
    unreachable(client)  # and no call hangs


def test_a_tracker_that_drops_connections_is_skipped(clients: Clients) -> None:
    first, second = clients.tracker(hangs_up=True), clients.tracker()
    client = clients.client(first, second)
    wait_until(lambda: client.current == second.address, what="the second to serve")
    client.call(PING, Ping())


def test_the_tracker_returns(clients: Clients) -> None:
    port = free_port()
    event_log, tracker = EventLog(), clients.tracker(port=port)
    client = clients.client(tracker, event_log=event_log)
    client.login("ann", "secret123")
    tracker.close()
    unreachable(client)
    again = clients.tracker(port=port)
    wait_until(lambda: event_log.resumed, what="the session to be resumed")
    assert again.asked("resume_session")


def test_closing_wakes_waiting_callers(clients: Clients) -> None:
    tracker = clients.tracker(greeting=b"")  # never says anything
    client = clients.client(tracker)
    errors: list[Exception] = []

    def call() -> None:
        try:
            client.call(PING, Ping())
        except MinitorrentError as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    wait_until(lambda: tracker.accepted, what="the dial")
    tracker.drop()
    client.close()
    thread.join(5.0)
    assert len(errors) == 1


def test_a_client_that_was_never_started_can_be_closed() -> None:
    TrackerClient([nobody()], None, PEER_ID, 6881, EventLog().events(), lambda *_: None).close()


def distrust(tracker: Endpoint, _: bytes) -> None:
    """Trust nobody."""
    raise UntrustedTrackerError(f"{tracker} is another.")


def test_an_untrusted_tracker_gets_nothing_and_is_named(clients: Clients) -> None:
    tracker = clients.tracker()
    client = clients.client(tracker, nobody(), check_certificate=distrust)
    assert "is another" in unreachable(client).message
    assert tracker.seen == []
    assert client.states()[0] == (tracker.address, "unreachable")


def test_the_others_are_tried_when_one_is_not_trusted(clients: Clients) -> None:
    bad, good = clients.tracker(), clients.tracker()

    def judge(tracker: Endpoint, certificate: bytes) -> None:
        if tracker == bad.address:
            distrust(tracker, certificate)

    client = clients.client(bad, good, check_certificate=judge)
    client.call(PING, Ping())
    assert client.states() == [(bad.address, "unreachable"), (good.address, "connected")]


def test_a_retry_cuts_the_pause_short(clients: Clients) -> None:
    trusted: list[bool] = []

    def judge(tracker: Endpoint, certificate: bytes) -> None:
        if not trusted:
            distrust(tracker, certificate)

    client = clients.client(
        clients.tracker(), check_certificate=judge, retry=RetryPolicy(first_pause=60.0)
    )
    wait_until(lambda: client.state == "unreachable", what="the refusal")
    trusted.append(True)
    client.retry()
    wait_until(lambda: client.state == "connected", what="the connection")


def test_an_oversized_answer_is_requested_once(clients: Clients) -> None:
    tracker = clients.tracker()

    def answer(_: dict[str, Any]) -> None:
        with suppress(OSError):  # the client hangs up
            tracker.push(b"x" * (LIMIT_AFTER_LOGIN + 1))

    client = clients.client(tracker)
    client.call(PING, Ping())
    tracker.answers["list_groups"] = answer
    with pytest.raises(MinitorrentError, match="answer is too long") as raised:
        client.call(LIST_GROUPS, ListGroups())
    assert raised.value.code is ErrorCode.INTERNAL
    assert len(tracker.asked("list_groups")) == 1
    wait_until(lambda: answers(client), 20, "another connection")
