"""The tracker client with one or two scripted trackers: what survives which loss."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from client.config import DEFAULT_TIMING
from client.net.tracker.callbacks import TrackerCallbacks
from client.net.tracker.patience import RetryPolicy
from client.net.tracker.tracker_client import TrackerClient
from client.net.tracker.tracker_connection import CheckCertificate, UntrustedTrackerError
from common.api.accounts import CREATE_USER, PING, CreateUser, LoginReply, Ping
from common.api.groups import LIST_GROUPS, ListGroups
from common.api.lines import LIMIT_AFTER_LOGIN
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, PeerId
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.unit.client.net.fake_tracker import (
    FakeTracker,
    RefusalError,
    greeting_at,
    login_reply,
)

ENDED = b'{"id":null,"ok":false,"error":{"code":"not_logged_in","message":"It is over."}}\n'
GO_ON = b'{"id":null,"ok":false,"error":{"code":"tracker_unreachable","message":"It ends."}}\n'
PEER_ID = PeerId(b"-MI0100-abcdefghijkl")


class EventLog:
    """The events of a tracker client, as words in order."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.resumed: list[LoginReply] = []
        self.obstacles: list[MinitorrentError] = []

    def events(self) -> TrackerCallbacks:
        """Return callbacks for a client."""

        def connected(_: Endpoint, reply: LoginReply | None) -> None:
            self.words.append("connected")
            if reply is not None:
                self.resumed.append(reply)

        return TrackerCallbacks(
            connected=connected,
            lost=lambda _: self.words.append("lost"),
            session_ended=lambda _: self.words.append("ended"),
            notice=lambda _: self.words.append("notice"),
            unreachable=self.obstacles.append,
        )


QUICK = RetryPolicy(first_pause=0.05, longest_pause=0.2, steady=0.1)
NEVER_STEADY = RetryPolicy(first_pause=0.05, longest_pause=0.2, steady=3600.0)


class Clients:
    """Makes tracker clients that are closed at the end."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def tracker(self, **options: Any) -> FakeTracker:
        """A scripted tracker that takes logins."""
        tracker = self._stack.enter_context(FakeTracker(**options))
        tracker.answers["login"] = lambda _: login_reply()
        tracker.answers["resume_session"] = lambda _: login_reply(token="token 2")
        tracker.answers["list_groups"] = lambda _: {"groups": []}
        return tracker

    def client(
        self,
        *trackers: FakeTracker | Endpoint,
        event_log: EventLog | None = None,
        check_certificate: CheckCertificate = lambda *_: None,
        retry: RetryPolicy = QUICK,
        remembered: tuple[str, tuple[Endpoint, ...]] | None = None,
    ) -> TrackerClient:
        """Start a client of these trackers, perhaps with a token and its trackers."""
        addresses = [t if isinstance(t, Endpoint) else t.address for t in trackers]
        events = (event_log or EventLog()).events()
        client = TrackerClient(addresses, None, PEER_ID, 6881, events, check_certificate, retry)
        self._stack.callback(client.close)
        if remembered is not None:
            client.resume(*remembered)
        client.start()
        return client


@pytest.fixture
def clients() -> Iterator[Clients]:
    with ExitStack() as stack:
        yield Clients(stack)


def unreachable(client: TrackerClient) -> MinitorrentError:
    """The error of a call that finds no tracker."""
    with pytest.raises(MinitorrentError) as raised:
        client.call(PING, Ping())
    assert raised.value.code is ErrorCode.TRACKER_UNREACHABLE
    return raised.value


def nobody() -> Endpoint:
    """An address where nothing listens."""
    return Endpoint("127.0.0.1", free_port())


def test_calls_wait_for_the_connection(clients: Clients) -> None:
    tracker = clients.tracker()
    client = clients.client(tracker)
    client.call(PING, Ping())
    assert client.state == "connected"
    assert client.current == tracker.address
    assert client.was_reached
    assert client.states() == [(tracker.address, "connected")]


def busy_at_first(times: int, retry_after: float) -> Callable[[object], dict[str, object]]:
    """An answer of a tracker that is busy so many times."""
    left = iter(range(times))

    def answer(_: object) -> dict[str, object]:
        if next(left, None) is not None:
            raise RefusalError("busy", "The tracker is busy.", retry_after)
        return login_reply()

    return answer


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


def test_a_session_is_resumed_once_the_tracker_is_no_longer_busy(clients: Clients) -> None:
    tracker, event_log = clients.tracker(), EventLog()
    tracker.answers["resume_session"] = busy_at_first(2, 0.01)
    remembered = ("token 1", (tracker.address,))
    client = clients.client(tracker, remembered=remembered, event_log=event_log)
    client.call(PING, Ping())
    assert client.token == "token 1"
    assert len(tracker.asked("resume_session")) == 3


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


def test_closing_does_not_wait_for_a_tracker_that_says_nothing(clients: Clients) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = clients.client(Endpoint(*silent.getsockname()))
        began = time.monotonic()
        client.close()
        client.close()
        assert time.monotonic() - began < DEFAULT_TIMING.tracker_connect


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


def test_a_round_in_vain_is_reported_with_its_reason(clients: Clients) -> None:
    def refuse(tracker: Endpoint, _: bytes) -> None:
        raise UntrustedTrackerError(f"{tracker} shows another certificate.")

    event_log, tracker = EventLog(), clients.tracker()
    clients.client(tracker, event_log=event_log, check_certificate=refuse)
    wait_until(lambda: event_log.obstacles, what="the report")
    assert "another certificate" in event_log.obstacles[0].message


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


def answers(client: TrackerClient) -> bool:
    """Whether a tracker answers: one that hung up a moment ago counts as gone for a while."""
    with suppress(MinitorrentError):
        client.call(PING, Ping())
        return True
    return False


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
