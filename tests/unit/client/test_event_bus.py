"""The event bus: subscribers, threads, and failures."""

from __future__ import annotations

import threading

import structlog

from client.core.notices.events import Event, LoggedIn, LoggedOut, TransferEvent, TransferPaused
from client.event_bus import EventBus

ANN = LoggedIn("ann")
PAUSED = TransferPaused("lab", "film", "The disk is full.")


def test_subscribers_get_the_types_they_subscribed_to() -> None:
    bus = EventBus()
    logins: list[LoggedIn] = []
    transfers: list[TransferEvent] = []
    everything: list[Event] = []
    bus.subscribe(LoggedIn, logins.append)
    bus.subscribe(TransferEvent, transfers.append)
    bus.subscribe(Event, everything.append)
    for event in (ANN, LoggedOut("ann"), PAUSED):
        bus.publish(event)
    assert logins == [ANN]
    assert transfers == [PAUSED]
    assert everything == [ANN, LoggedOut("ann"), PAUSED]


def test_subscribers_are_called_in_order_in_the_publishing_thread() -> None:
    bus = EventBus()
    calls: list[tuple[str, threading.Thread]] = []
    bus.subscribe(LoggedIn, lambda _: calls.append(("first", threading.current_thread())))
    bus.subscribe(LoggedIn, lambda _: calls.append(("second", threading.current_thread())))
    thread = threading.Thread(target=bus.publish, args=(ANN,))
    thread.start()
    thread.join()
    assert calls == [("first", thread), ("second", thread)]


def test_a_failing_subscriber_is_logged_and_stops_no_other() -> None:
    bus = EventBus()
    got: list[LoggedIn] = []

    def fail(_: LoggedIn) -> None:
        raise ValueError("a bug")

    bus.subscribe(LoggedIn, fail)
    bus.subscribe(LoggedIn, got.append)
    with structlog.testing.capture_logs() as logs:
        bus.publish(ANN)
    assert got == [ANN]
    (entry,) = logs
    assert (entry["event"], entry["event_type"]) == ("a subscriber failed", "LoggedIn")
    assert entry["exc_info"]


def test_a_subscriber_may_publish_and_subscribe() -> None:
    bus = EventBus()
    got: list[Event] = []

    def react(event: LoggedIn) -> None:
        bus.subscribe(LoggedOut, got.append)
        bus.publish(LoggedOut(event.user))

    bus.subscribe(LoggedIn, react)
    bus.publish(ANN)
    assert got == [LoggedOut("ann")]


def test_events_without_subscribers() -> None:
    EventBus().publish(ANN)


def test_a_subscription_ends_without_ending_others() -> None:
    bus = EventBus()
    got: list[LoggedIn] = []
    end = bus.subscribe(LoggedIn, got.append)
    bus.subscribe(LoggedIn, got.append)
    end()
    end()
    bus.publish(ANN)
    assert got == [ANN]
