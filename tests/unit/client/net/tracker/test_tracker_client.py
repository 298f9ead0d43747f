"""The link over one or two scripted trackers: what survives which loss."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from client.net.tracker.tracker_client import RetryPolicy, TrackerCallbacks, TrackerClient
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
PEER_ID = PeerId(b"-MI0100-abcdefghijkl")


class Heard:
    """What a link tells, as words in order."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.resumed: list[LoginReply] = []

    def events(self) -> TrackerCallbacks:
        """To be given to a link."""

        def connected(_: Endpoint, reply: LoginReply | None) -> None:
            self.words.append("connected")
            if reply is not None:
                self.resumed.append(reply)

        return TrackerCallbacks(
            connected=connected,
            lost=lambda _: self.words.append("lost"),
            session_ended=lambda _: self.words.append("ended"),
            notice=lambda _: self.words.append("notice"),
        )


QUICK = RetryPolicy(first_pause=0.05, longest_pause=0.2, steady=0.1)


class Links:
    """Makes links that are closed at the end."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def tracker(self, **options: Any) -> FakeTracker:
        """A scripted tracker that takes logins."""
        tracker = self._stack.enter_context(FakeTracker(**options))
        tracker.answers["login"] = lambda _: login_reply()
        tracker.answers["resume_session"] = lambda _: login_reply(token="token 2")
        tracker.answers["list_groups"] = lambda _: {"groups": []}
        return tracker

    def link(
        self,
        *trackers: FakeTracker | Endpoint,
        heard: Heard | None = None,
        trust: CheckCertificate = lambda *_: None,
        retry: RetryPolicy = QUICK,
    ) -> TrackerClient:
        """A started link to these."""
        addresses = [t if isinstance(t, Endpoint) else t.address for t in trackers]
        events = (heard or Heard()).events()
        link = TrackerClient(addresses, None, PEER_ID, 6881, events, trust, retry)
        self._stack.callback(link.close)
        link.start()
        return link


@pytest.fixture
def links() -> Iterator[Links]:
    with ExitStack() as stack:
        yield Links(stack)


def unreachable(link: TrackerClient) -> MinitorrentError:
    """The error of a call that finds no tracker."""
    with pytest.raises(MinitorrentError) as raised:
        link.call(PING, Ping())
    assert raised.value.code is ErrorCode.TRACKER_UNREACHABLE
    return raised.value


def nobody() -> Endpoint:
    """An address where nothing listens."""
    return Endpoint("127.0.0.1", free_port())


def test_calls_wait_for_the_connection(links: Links) -> None:
    tracker = links.tracker()
    link = links.link(tracker)
    link.call(PING, Ping())
    assert link.state == "connected"
    assert link.current == tracker.address
    assert link.was_reached
    assert link.states() == [(tracker.address, "connected")]


@pytest.mark.parametrize("behind", [7200.0, -7200.0, 0.0])
def test_the_greeting_reveals_the_clock_difference(links: Links, behind: float) -> None:
    link = links.link(links.tracker(greeting=greeting_at(behind)))
    link.call(PING, Ping())
    assert link.clock_difference == pytest.approx(behind, abs=60)


def test_without_a_greeting_time_the_clock_is_unknown(links: Links) -> None:
    assert links.link(nobody()).clock_difference is None
    link = links.link(links.tracker())
    link.call(PING, Ping())
    assert link.clock_difference is None


def test_no_tracker_is_reachable(links: Links) -> None:
    first, second = nobody(), nobody()
    link = links.link(first, second)
    unreachable(link)
    assert link.state == "unreachable"
    assert link.current is None
    assert not link.was_reached
    assert dict(link.states()) == {first: "unreachable", second: "unreachable"}
    link.logout()  # of nobody, at nobody


def test_the_second_tracker_serves_when_the_first_does_not_answer(links: Links) -> None:
    first, second = nobody(), links.tracker()
    link = links.link(first, second)
    link.call(PING, Ping())
    assert link.states() == [(first, "unreachable"), (second.address, "connected")]


def test_unneeded_trackers_are_not_tried(links: Links) -> None:
    first, second = links.tracker(), links.tracker()
    link = links.link(first, second)
    link.call(PING, Ping())
    assert link.states() == [(first.address, "connected"), (second.address, "offline")]
    assert second.accepted == 0


def test_the_session_is_resumed_after_a_loss(links: Links) -> None:
    heard, tracker = Heard(), links.tracker()
    link = links.link(tracker, heard=heard)
    assert link.login("ann", "secret123").token == "token 1"
    tracker.drop()
    wait_until(lambda: heard.resumed, what="the session to be resumed")
    assert heard.words == ["connected", "lost", "connected"]
    asked = tracker.asked("resume_session")[0]
    assert asked["token"] == "token 1"
    assert asked["peer_id"] == PEER_ID.hex()
    assert asked["port"] == 6881


def test_the_session_moves_to_the_second_tracker(links: Links) -> None:
    heard, first, second = Heard(), links.tracker(), links.tracker()
    link = links.link(first, second, heard=heard)
    link.login("ann", "secret123")
    first.close()
    wait_until(lambda: heard.resumed, what="the session to be resumed")
    assert link.current == second.address
    link.call(PING, Ping())


def test_the_first_tracker_serves_again_when_the_second_dies(links: Links) -> None:
    first, second = links.tracker(), links.tracker()
    link = links.link(first, second)
    link.login("ann", "secret123")
    time.sleep(0.15)  # long enough to be steady
    first.drop()
    wait_until(lambda: link.current == second.address, what="the second to serve")
    second.close()
    wait_until(lambda: link.current == first.address, what="the first to serve again")


def test_an_expired_session(links: Links) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("not_logged_in", "It is over.")

    heard, tracker = Heard(), links.tracker()
    tracker.answers["resume_session"] = refuse
    link = links.link(tracker, heard=heard)
    link.login("ann", "secret123")
    tracker.push(ENDED)
    tracker.drop()
    wait_until(lambda: heard.words.count("connected") == 2, what="the second connection")
    assert heard.words == ["connected", "ended", "connected"]  # no word of a tracker that is gone
    tracker.drop()
    wait_until(lambda: heard.words.count("connected") == 3, what="the third connection")
    assert len(tracker.asked("resume_session")) == 1  # the token is forgotten


def test_logging_out_ends_the_session_even_without_a_tracker(links: Links) -> None:
    heard, tracker = Heard(), links.tracker()
    link = links.link(tracker, heard=heard)
    link.login("ann", "secret123")
    tracker.answers["logout"] = lambda _: tracker.drop()
    link.logout()
    wait_until(lambda: heard.words.count("connected") == 2, what="the second connection")
    assert tracker.asked("resume_session") == []
    tracker.answers["logout"] = lambda _: {}
    link.logout()
    assert len(tracker.asked("logout")) == 2


def test_a_tracker_that_cannot_resume_is_replaced(links: Links) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("internal", "The database is away.")

    first, second = links.tracker(), links.tracker()
    link = links.link(first, second)
    link.login("ann", "secret123")
    first.answers["resume_session"] = refuse
    first.drop()
    wait_until(lambda: link.current == second.address, what="the second to serve")


def test_calls_do_not_hang_while_no_tracker_can_resume(links: Links) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("internal", "The database is away.")

    heard, tracker = Heard(), links.tracker()
    link = links.link(tracker, heard=heard)
    link.login("ann", "secret123")
    tracker.answers["resume_session"] = refuse
    tracker.drop()
    wait_until(lambda: "lost" in heard.words, what="the loss")
    unreachable(link)
    tracker.answers["resume_session"] = lambda _: login_reply(token="token 3")
    wait_until(lambda: heard.resumed, what="the session to be resumed")


def test_idempotent_requests_are_repeated_once(links: Links) -> None:
    tracker = links.tracker()
    drops = iter([True, False])

    def answer(_: dict[str, Any]) -> dict[str, Any] | None:
        if next(drops):
            tracker.drop()
            return None
        return {"groups": []}

    link = links.link(tracker)
    link.call(PING, Ping())
    time.sleep(0.15)
    tracker.answers["list_groups"] = answer
    assert link.call(LIST_GROUPS, ListGroups()).groups == []
    assert len(tracker.asked("list_groups")) == 2


def test_other_requests_are_not_repeated(links: Links) -> None:
    tracker = links.tracker()
    tracker.answers["create_user"] = lambda _: tracker.drop()
    link = links.link(tracker)
    with pytest.raises(MinitorrentError, match="Check whether it was done"):
        link.call(CREATE_USER, CreateUser(user="ann", password="secret123"))
    assert len(tracker.asked("create_user")) == 1


def test_a_request_refused_after_a_login_ended_is_repeated(links: Links) -> None:
    """The tracker says that a login has ended instead of doing what came last."""
    tracker = links.tracker()
    ends = iter([True, False])

    def answer(_: dict[str, Any]) -> dict[str, Any] | None:
        if next(ends):
            tracker.push(ENDED)
            tracker.drop()
            return None
        return {"user": "bob", "warning": None}

    tracker.answers["create_user"] = answer
    link = links.link(tracker)
    link.login("ann", "secret123")
    time.sleep(0.15)  # long enough to be steady
    request = CreateUser(user="bob", password="secret123")
    assert link.call(CREATE_USER, request).user == "bob"
    assert len(tracker.asked("create_user")) == 2


@pytest.mark.parametrize("greets", [True, False])
def test_a_tracker_that_drops_connections_causes_no_busy_loop(links: Links, greets: bool) -> None:
    tracker = links.tracker(hangs_up=True, **({} if greets else {"greeting": b""}))
    link = links.link(tracker)
    unreachable(link)
    before, began = tracker.accepted, time.monotonic()
    time.sleep(1.0)
    rounds = tracker.accepted - before
    assert rounds <= (time.monotonic() - began) / 0.2 + 2  # a pause of 0.2 s each time
    unreachable(link)  # and no call hangs


def test_a_tracker_that_drops_connections_is_skipped(links: Links) -> None:
    first, second = links.tracker(hangs_up=True), links.tracker()
    link = links.link(first, second)
    wait_until(lambda: link.current == second.address, what="the second to serve")
    link.call(PING, Ping())


def test_the_tracker_comes_back(links: Links) -> None:
    port = free_port()
    heard, tracker = Heard(), links.tracker(port=port)
    link = links.link(tracker, heard=heard)
    link.login("ann", "secret123")
    tracker.close()
    unreachable(link)
    again = links.tracker(port=port)
    wait_until(lambda: heard.resumed, what="the session to be resumed")
    assert again.asked("resume_session")


def test_closing_wakes_waiting_callers(links: Links) -> None:
    tracker = links.tracker(greeting=b"")  # never says anything
    link = links.link(tracker)
    errors: list[Exception] = []

    def call() -> None:
        try:
            link.call(PING, Ping())
        except MinitorrentError as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    wait_until(lambda: tracker.accepted, what="the dial")
    tracker.drop()
    link.close()
    thread.join(5.0)
    assert len(errors) == 1


def test_a_client_that_was_never_started_can_be_closed() -> None:
    TrackerClient([nobody()], None, PEER_ID, 6881, Heard().events(), lambda *_: None).close()


def distrust(tracker: Endpoint, _: bytes) -> None:
    """Trust nobody."""
    raise UntrustedTrackerError(f"{tracker} is another.")


def test_an_untrusted_tracker_gets_nothing_and_is_named(links: Links) -> None:
    tracker = links.tracker()
    link = links.link(tracker, nobody(), trust=distrust)
    assert "is another" in unreachable(link).message
    assert tracker.seen == []
    assert link.states()[0] == (tracker.address, "unreachable")


def test_the_others_are_tried_when_one_is_not_trusted(links: Links) -> None:
    bad, good = links.tracker(), links.tracker()

    def judge(tracker: Endpoint, certificate: bytes) -> None:
        if tracker == bad.address:
            distrust(tracker, certificate)

    link = links.link(bad, good, trust=judge)
    link.call(PING, Ping())
    assert link.states() == [(bad.address, "unreachable"), (good.address, "connected")]


def test_a_retry_cuts_the_pause_short(links: Links) -> None:
    trusted: list[bool] = []

    def judge(tracker: Endpoint, certificate: bytes) -> None:
        if not trusted:
            distrust(tracker, certificate)

    link = links.link(links.tracker(), trust=judge, retry=RetryPolicy(first_pause=60.0))
    wait_until(lambda: link.state == "unreachable", what="the refusal")
    trusted.append(True)
    link.retry()
    wait_until(lambda: link.state == "connected", what="the connection")


def answers(link: TrackerClient) -> bool:
    """Whether a tracker answers: one that hung up a moment ago counts as gone for a while."""
    with suppress(MinitorrentError):
        link.call(PING, Ping())
        return True
    return False


def test_an_oversized_answer_is_requested_once(links: Links) -> None:
    tracker = links.tracker()

    def answer(_: dict[str, Any]) -> None:
        with suppress(OSError):  # the client hangs up
            tracker.push(b"x" * (LIMIT_AFTER_LOGIN + 1))

    link = links.link(tracker)
    link.call(PING, Ping())
    tracker.answers["list_groups"] = answer
    with pytest.raises(MinitorrentError, match="answer is too long") as raised:
        link.call(LIST_GROUPS, ListGroups())
    assert raised.value.code is ErrorCode.INTERNAL
    assert len(tracker.asked("list_groups")) == 1
    wait_until(lambda: answers(link), 20, "another connection")


def test_a_login_with_an_oversized_resume_is_abandoned(links: Links) -> None:
    """Trackers of version 1.0 named all groups and shares of a user in one reply."""
    tracker = links.tracker()

    def answer(_: dict[str, Any]) -> None:
        with suppress(OSError):  # the client hangs up
            tracker.push(b"x" * (LIMIT_AFTER_LOGIN + 1))

    heard = Heard()
    link = links.link(tracker, heard=heard)
    link.login("ann", "secret123")
    tracker.answers["resume_session"] = answer
    tracker.drop()
    wait_until(lambda: "ended" in heard.words, 20, "the session to be given up")
    wait_until(lambda: answers(link), 20, "another connection")
    assert len(tracker.asked("resume_session")) == 1
