"""Sessions of the tracker client: resumed after a loss, moved, handed over, expired, ended."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from client.net.tracker.patience import RetryPolicy
from client.net.tracker.tracker_client import TrackerClient
from common.api.accounts import PING, Ping
from common.api.lines import LIMIT_AFTER_LOGIN
from tests.support.waiting import wait_until
from tests.unit.client.net.fake_tracker import (
    RefusalError,
    login_reply,
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

GO_ON = b'{"id":null,"ok":false,"error":{"code":"tracker_unreachable","message":"It ends."}}\n'
NEVER_STEADY = RetryPolicy(first_pause=0.05, longest_pause=0.2, steady=3600.0)


def test_a_session_is_resumed_once_the_tracker_is_no_longer_busy(clients: Clients) -> None:
    tracker, event_log = clients.tracker(), EventLog()
    tracker.answers["resume_session"] = busy_at_first(2, 0.01)
    remembered = ("token 1", (tracker.address,))
    client = clients.client(tracker, remembered=remembered, event_log=event_log)
    client.call(PING, Ping())
    assert client.token == "token 1"
    assert len(tracker.asked("resume_session")) == 3


def test_the_session_is_resumed_after_a_loss(clients: Clients) -> None:
    event_log, tracker = EventLog(), clients.tracker()
    client = clients.client(tracker, event_log=event_log)
    assert client.login("ann", "secret123").token == "token 1"
    tracker.drop()
    wait_until(lambda: event_log.resumed, what="the session to be resumed")
    assert event_log.words == ["connected", "lost", "connected"]
    asked = tracker.asked("resume_session")[0]
    assert asked["token"] == "token 1"
    assert asked["peer_id"] == PEER_ID.hex()
    assert asked["port"] == 6881


def test_a_tracker_that_hands_its_clients_over_is_not_lost(clients: Clients) -> None:
    event_log, first, second = EventLog(), clients.tracker(), clients.tracker()
    client = clients.client(first, second, event_log=event_log)
    client.login("ann", "secret123")
    first.push(GO_ON)
    first.drop()
    wait_until(lambda: event_log.resumed, what="the session to go on")
    client.call(PING, Ping())
    assert event_log.words == ["connected", "connected"]


def test_a_handed_over_client_without_another_tracker_has_lost_it(clients: Clients) -> None:
    event_log, tracker = EventLog(), clients.tracker()
    client = clients.client(tracker, event_log=event_log)
    client.call(PING, Ping())
    tracker.push(GO_ON)
    tracker.close()
    wait_until(lambda: "lost" in event_log.words, what="the loss")
    assert event_log.words == ["connected", "lost"]


def test_a_session_of_an_earlier_run_is_resumed(clients: Clients) -> None:
    event_log, tracker = EventLog(), clients.tracker()
    remembered = ("token 0", (nobody(), tracker.address))
    client = clients.client(tracker, event_log=event_log, remembered=remembered)
    wait_until(lambda: event_log.resumed, what="the session to be resumed")
    assert tracker.asked("resume_session")[0]["token"] == client.token == "token 0"


def test_a_token_is_for_its_trackers_only(clients: Clients) -> None:
    event_log, tracker = EventLog(), clients.tracker()
    client = clients.client(tracker, event_log=event_log, remembered=("token 0", (nobody(),)))
    wait_until(lambda: event_log.words == ["connected"], what="the connection")
    assert tracker.asked("resume_session") == []
    client.login("ann", "secret123")
    tracker.drop()
    wait_until(lambda: event_log.resumed, what="the session to be resumed")
    assert tracker.asked("resume_session")[0]["token"] == "token 1"


def test_logging_out_while_the_session_is_being_resumed(clients: Clients) -> None:
    event_log, tracker = EventLog(), clients.tracker()
    known: list[TrackerClient] = []

    def resume(_: dict[str, Any]) -> dict[str, Any]:
        wait_until(lambda: known, what="the client")
        known[0].logout()
        return login_reply()

    tracker.answers["resume_session"] = resume
    known.append(clients.client(tracker, event_log=event_log, remembered=("t", (tracker.address,))))
    wait_until(lambda: event_log.words == ["connected"], what="the connection")
    assert not event_log.resumed
    assert len(tracker.asked("logout")) == 1


def test_the_session_moves_to_the_second_tracker(clients: Clients) -> None:
    event_log, first, second = EventLog(), clients.tracker(), clients.tracker()
    client = clients.client(first, second, event_log=event_log)
    client.login("ann", "secret123")
    first.close()
    wait_until(lambda: event_log.resumed, what="the session to be resumed")
    assert client.current == second.address
    client.call(PING, Ping())


def test_the_first_tracker_serves_again_when_the_second_dies(clients: Clients) -> None:
    first, second = clients.tracker(), clients.tracker()
    client = clients.client(first, second)
    client.login("ann", "secret123")
    time.sleep(0.15)  # long enough to be steady
    first.drop()
    wait_until(lambda: client.current == second.address, what="the second to serve")
    second.close()
    wait_until(lambda: client.current == first.address, what="the first to serve again")


def test_an_expired_session(clients: Clients) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("not_logged_in", "It is over.")

    event_log, tracker = EventLog(), clients.tracker()
    tracker.answers["resume_session"] = refuse
    client = clients.client(tracker, event_log=event_log)
    client.login("ann", "secret123")
    tracker.push(ENDED)
    tracker.drop()
    wait_until(lambda: event_log.words.count("connected") == 2, what="the second connection")
    assert event_log.words == [
        "connected",
        "ended",
        "connected",
    ]  # no word of a tracker that is gone
    tracker.drop()
    wait_until(lambda: event_log.words.count("connected") == 3, what="the third connection")
    assert len(tracker.asked("resume_session")) == 1  # the token is forgotten


def test_logging_out_ends_the_session_even_without_a_tracker(clients: Clients) -> None:
    event_log, tracker = EventLog(), clients.tracker()
    client = clients.client(tracker, event_log=event_log)
    client.login("ann", "secret123")
    tracker.answers["logout"] = lambda _: tracker.drop()
    client.logout()
    wait_until(lambda: event_log.words.count("connected") == 2, what="the second connection")
    assert tracker.asked("resume_session") == []
    tracker.answers["logout"] = lambda _: {}
    client.logout()
    assert len(tracker.asked("logout")) == 2


def test_a_tracker_that_cannot_resume_is_replaced(clients: Clients) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("internal", "The database is away.")

    first, second = clients.tracker(), clients.tracker()
    client = clients.client(first, second)
    client.login("ann", "secret123")
    first.answers["resume_session"] = refuse
    first.drop()
    wait_until(lambda: client.current == second.address, what="the second to serve")


def test_calls_do_not_hang_while_no_tracker_can_resume(clients: Clients) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("internal", "The database is away.")

    event_log, tracker = EventLog(), clients.tracker()
    client = clients.client(tracker, event_log=event_log)
    client.login("ann", "secret123")
    tracker.answers["resume_session"] = refuse
    tracker.drop()
    wait_until(lambda: "lost" in event_log.words, what="the loss")
    unreachable(client)
    tracker.answers["resume_session"] = lambda _: login_reply(token="token 3")
    wait_until(lambda: event_log.resumed, what="the session to be resumed")


def test_a_login_right_after_another_one_ended_finds_the_tracker(clients: Clients) -> None:
    """The connection was short, but that round over the trackers began before the call."""
    tracker = clients.tracker()
    ends = iter([False, True, False])

    def answer(_: dict[str, Any]) -> dict[str, Any] | None:
        if next(ends):
            tracker.push(ENDED)
            tracker.drop()
            return None
        return login_reply()

    tracker.answers["login"] = answer
    client = clients.client(tracker, retry=NEVER_STEADY)
    client.login("ann", "secret123")
    assert client.login("ann", "secret123").user == "ann"
    assert len(tracker.asked("login")) == 3


def test_a_login_with_an_oversized_resume_is_abandoned(clients: Clients) -> None:
    """Trackers of version 1.0 named all groups and shares of a user in one reply."""
    tracker = clients.tracker()

    def answer(_: dict[str, Any]) -> None:
        with suppress(OSError):  # the client hangs up
            tracker.push(b"x" * (LIMIT_AFTER_LOGIN + 1))

    event_log = EventLog()
    client = clients.client(tracker, event_log=event_log)
    client.login("ann", "secret123")
    tracker.answers["resume_session"] = answer
    tracker.drop()
    wait_until(lambda: "ended" in event_log.words, 20, "the session to be given up")
    wait_until(lambda: answers(client), 20, "another connection")
    assert len(tracker.asked("resume_session")) == 1
