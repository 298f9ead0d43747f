"""Revocations reach every connected member, once and in one order, however much else is written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.integration.tracker.authority.test_authority import REQUEST, holder_of
from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.sessions import SessionClient, let_in
from tests.support.waiting import wait_until
from tracker.quotas import Quotas

_MANY = 1_000_000
_QUOTAS = Quotas(acts=_MANY, certificates=_MANY, holders=_MANY, requests_per_second=_MANY)
_REVOKERS = 5


class Watcher:
    """A connected member who records which logins' certificates were revoked."""

    def __init__(self, client: SessionClient) -> None:
        self._client = client
        self._seen = 0
        self.revoked: list[str] = []

    def look(self) -> list[str]:
        """Return all that were revoked so far, in the order in which that was heard of."""
        self._client.call("ping")
        for notice in self._client.notices[self._seen :]:
            self.revoked += notice["removed"]
        self._seen = len(self._client.notices)
        return self.revoked


def revoke_repeatedly(client: SessionClient, user: str, times: int) -> list[str]:
    """Log in, get a certificate and log out, so many times; return the ids in the certificates."""
    ids = []
    for _ in range(times):
        client.login(user)
        certified = client.call("issue_certificate", group="vault", request=REQUEST)
        ids.append(holder_of(certified))
        client.call("logout")
    return ids


@contextmanager
def busy(clients: list[SessionClient]) -> Iterator[None]:
    """Have these clients write events of a group of their own inside the block."""
    enough = threading.Event()

    def write(client: SessionClient, number: int) -> None:
        client.call("create_group", group=f"busy{number}", mode="open")
        count = 0
        while not enough.is_set():
            client.upload(f"busy{number}", f"{count}.bin")
            client.call("stop_share", group=f"busy{number}", name=f"{count}.bin")
            count += 1

    with ThreadPoolExecutor(len(clients)) as pool:
        writers = [pool.submit(write, client, number) for number, client in enumerate(clients)]
        try:
            yield
        finally:
            enough.set()
        for writer in writers:
            writer.result()


def check_all_are_heard_of(start_tracker: StartTracker, connect: Connect, times: int) -> None:
    """Revoke so many certificates of each of several users, at two trackers."""
    trackers = [start_tracker(quotas=_QUOTAS) for _ in range(2)]
    owner = connect(trackers[0]).sign_up("ann")
    owner.call("create_group", group="vault", mode="sealed")
    names = ["eve", *(f"u{number}" for number in range(_REVOKERS))]
    members = [connect(trackers[number % 2]).sign_up(name) for number, name in enumerate(names, 1)]
    for name, member in zip(names, members, strict=True):
        let_in(member, name, owner, "vault")
    for member in members[1:]:
        member.call("logout")
    watchers = [Watcher(owner), Watcher(members[0])]  # one at each tracker
    others = [connect(trackers[number]).sign_up(f"busy{number}") for number in range(2)]
    with busy(others), ThreadPoolExecutor(_REVOKERS) as pool:
        work = [
            pool.submit(revoke_repeatedly, member, name, times)
            for name, member in zip(names[1:], members[1:], strict=True)
        ]

        def are_done() -> bool:
            for watcher in watchers:
                watcher.look()
            return all(one.done() for one in work)

        wait_until(are_done, 60 + 5 * times, "the revocations")
        revoked = sorted(uid for one in work for uid in one.result())
    wait_until(
        lambda: all(len(watcher.look()) >= len(revoked) for watcher in watchers),
        30,
        "everybody to hear of all revocations",
    )
    assert [sorted(watcher.revoked) for watcher in watchers] == [revoked, revoked]
    assert watchers[0].revoked == watchers[1].revoked


def test_revocations_at_two_trackers(start_tracker: StartTracker, connect: Connect) -> None:
    check_all_are_heard_of(start_tracker, connect, 3)


@pytest.mark.soak
@pytest.mark.timeout(2400)
def test_a_thousand_revocations(start_tracker: StartTracker, connect: Connect) -> None:
    check_all_are_heard_of(start_tracker, connect, 200)
