"""Passes on what happens in a client, so that its parts need not know each other.

Events are values (see client.core.notices.events). A part publishes what happened; every part that
subscribed to that type, or to a class that it derives from, is called with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)

EventT = TypeVar("EventT")


class EventBus:
    """Passes each event to its subscribers, synchronously. Use it from any thread.

    Threads: `publish` calls the subscribers in its own thread, in the order in which they
    subscribed, and returns when all of them have. The bus holds no lock while it calls them, so
    they may publish and subscribe; two threads may call the same subscriber at once.
    A subscriber runs in whatever thread publishes, such as the one that reads from the tracker:
    it has to answer at once, must not call an operation of the tracker, and hands long work to a
    thread of its own. Publishers may hold locks of their own (a transfer holds its
    `SerialExecutor.alone`): a subscriber must not start, halt or discard transfers in the call.

    Failures: an exception of a subscriber is logged and reaches neither the publisher nor the
    other subscribers.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: tuple[tuple[type, Callable[[Any], None]], ...] = ()

    def subscribe(
        self, kind: type[EventT], callback: Callable[[EventT], None]
    ) -> Callable[[], None]:
        """Call ``callback`` with every event of this type that is published from now on.

        Returns a function that ends this; a call that is under way goes on.
        """
        subscriber = (kind, callback)

        def end() -> None:
            with self._lock:
                self._subscribers = tuple(s for s in self._subscribers if s is not subscriber)

        with self._lock:
            self._subscribers = (*self._subscribers, subscriber)
        return end

    def publish(self, event: object) -> None:
        """Call the subscribers of the event's type; returns when all of them have returned."""
        for kind, callback in self._subscribers:
            if not isinstance(event, kind):
                continue
            try:
                callback(event)
            except Exception:
                log.exception("a subscriber failed", event_type=type(event).__name__)
