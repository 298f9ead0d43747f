"""How often the tracker asks its database: each time costs it as much as many rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import Engine, event

from common.api import accounts
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.watched_database import WatchedDatabase
from tests.support.waiting import wait_until
from tracker.frontend.pusher import Pusher
from tracker.frontend.session import SessionServer
from tracker.services.caller import Caller
from tracker.store.database.event_watch import ANYTHING, NOTHING, EventWatch, News


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collects the statements of all threads, with those that begin transactions."""
    found: list[str] = []

    def note(*arguments: object) -> None:
        found.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def resume(lab: Lab, token: str) -> Caller:
    """Resume a session over a new connection."""
    caller = Caller(f"connection {lab.number()}", "10.0.0.1", "127.0.0.1")
    request = accounts.ResumeSession(token=token, peer_id="11" * 20, port=6881)
    lab.services.logins.resume_session(caller, request)
    return caller


def token_of(lab: Lab) -> str:
    """Return the token of a login of ann's."""
    caller = Caller(f"connection {lab.number()}", "10.0.0.1", "127.0.0.1")
    request = accounts.Login(user="ann", password="secret123", peer_id="11" * 20, port=6881)
    return lab.services.logins.login(caller, request).token


def test_coming_and_going_takes_few_statements(lab: Lab) -> None:
    token = token_of(lab)
    lab.services.logins.disconnect(resume(lab, token))
    with statements() as found:
        caller = resume(lab, token)
    assert len(found) <= 9, found  # with those that begin, and count what is unread
    with statements() as found:
        lab.services.logins.disconnect(caller)
    assert len(found) <= 3, found


def test_ends_of_connections_that_wait_are_recorded_in_one_transaction(lab: Lab) -> None:
    token = token_of(lab)
    callers = [resume(lab, token) for _ in range(10)]
    with statements() as found:
        with lab.store.write():
            leaving = [
                threading.Thread(target=lab.services.logins.disconnect, args=[caller])
                for caller in callers
            ]
            for thread in leaving:
                thread.start()
            wait_until(lambda: lab.store.writers_waiting() == len(callers))
        for thread in leaving:
            thread.join(10)
    begun = [one for one in found if one.startswith("BEGIN")]
    assert len(begun) == 2, begun  # with that of the writer they waited for
    with lab.store.read() as work:
        user = work.users.by_name("ann")
        assert user is not None
        ids = {caller.connection_id for caller in callers}
        assert not ids & work.trackers.connections_of(user.id)


class NoSessions:
    """Stands in for the sessions of a tracker without clients."""

    def push(self, _notice: object, _users: object) -> None:
        pass


class Telling:
    """Watches nothing: tells what the test says, once."""

    def __init__(self) -> None:
        self.next = NOTHING

    def news(self) -> News:
        told, self.next = self.next, NOTHING
        return told


def asked(database: WatchedDatabase) -> int:
    return database.reads + database.writes


def test_news_of_events_ask_nothing_of_rendezvous(lab: Lab) -> None:
    watch = Telling()
    pusher = Pusher(
        lab.services.events,
        lab.services.rendezvous,
        cast(EventWatch, watch),
        cast(SessionServer, NoSessions()),
    )
    pusher.push()  # what was there before
    for news, transactions in (
        (NOTHING, 0),
        (News.EVENTS, 1),
        (News.RENDEZVOUS, 1),
        (ANYTHING, 2),
    ):
        before = asked(lab.database)
        watch.next = news
        with statements() as found:
            pusher.push()
        assert asked(lab.database) - before == transactions, (news, found)
        about = [one for one in found if "rendezvous" in one]
        assert len(about) == (1 if News.RENDEZVOUS in news else 0)
