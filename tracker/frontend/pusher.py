"""Pushing notices to clients: of new events, and of rendezvous."""

from __future__ import annotations

from common.api.lines import encode_rendezvous
from tracker.frontend.session import SessionServer
from tracker.services.events import EventService
from tracker.services.sharing.rendezvous import RendezvousService
from tracker.store.database.event_watch import ANYTHING, EventWatch, News


class Pusher:
    """Sends what is new, of any tracker, to its audience connected here."""

    def __init__(
        self,
        events: EventService,
        rendezvous: RendezvousService,
        watch: EventWatch,
        sessions: SessionServer,
    ) -> None:
        self._events = events
        self._rendezvous = rendezvous
        self._watch = watch
        self._sessions = sessions
        events.sent = events.last_id()
        self._due = ANYTHING

    def waiting(self) -> int:
        """Return how many events, of any tracker, are yet to be sent. Asks the database."""
        return max(0, self._events.last_id() - self._events.sent)

    def push(self) -> None:
        """Send everything new since the last call. Raises DatabaseError."""
        self._due |= self._watch.news()
        if News.RENDEZVOUS in self._due:
            for waiting in self._rendezvous.take():
                self._sessions.tell(waiting.connection_id, encode_rendezvous(waiting.notice))
            self._due &= ~News.RENDEZVOUS
        while News.EVENTS in self._due:
            news = self._events.after(self._events.sent)
            for delivery in news.deliveries:
                if delivery.ended is not None:
                    self._sessions.drop_ended(delivery.ended)  # asks the database, so it may fail
                self._sessions.push(delivery.notice, delivery.users)
                self._events.sent = delivery.notice.id
            self._events.sent = news.position
            if news.is_all:
                self._due &= ~News.EVENTS
