"""Tracker clients with scripted trackers, and what they tell."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from client.net.tracker.callbacks import TrackerCallbacks
from client.net.tracker.patience import RetryPolicy
from client.net.tracker.tracker_client import TrackerClient
from client.net.tracker.tracker_connection import CheckCertificate
from common.api.accounts import PING, LoginReply, Ping
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, PeerId
from tests.support.ports import free_port
from tests.unit.client.net.fake_tracker import (
    FakeTracker,
    RefusalError,
    login_reply,
)

ENDED = b'{"id":null,"ok":false,"error":{"code":"not_logged_in","message":"It is over."}}\n'
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


def unreachable(client: TrackerClient) -> MinitorrentError:
    """The error of a call that finds no tracker."""
    with pytest.raises(MinitorrentError) as raised:
        client.call(PING, Ping())
    assert raised.value.code is ErrorCode.TRACKER_UNREACHABLE
    return raised.value


def nobody() -> Endpoint:
    """An address where nothing listens."""
    return Endpoint("127.0.0.1", free_port())


def busy_at_first(times: int, retry_after: float) -> Callable[[object], dict[str, object]]:
    """An answer of a tracker that is busy so many times."""
    left = iter(range(times))

    def answer(_: object) -> dict[str, object]:
        if next(left, None) is not None:
            raise RefusalError("busy", "The tracker is busy.", retry_after)
        return login_reply()

    return answer


def answers(client: TrackerClient) -> bool:
    """Whether a tracker answers: one that hung up a moment ago counts as gone for a while."""
    with suppress(MinitorrentError):
        client.call(PING, Ping())
        return True
    return False
