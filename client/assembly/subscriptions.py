"""Subscribes the parts of a client to each other's events."""

from __future__ import annotations

from client.core.notices.events import (
    CertificatesRevoked,
    LoggedOut,
    MemberRemoved,
    MembershipEnded,
    RevocationsApplied,
    TrackerConnected,
)
from client.event_bus import EventBus
from client.membership.credentials import Credentials
from client.net.tracker.announcer import Announcer
from client.transfers.transfer_manager import TransferManager


def subscribe(
    events: EventBus, announcer: Announcer, credentials: Credentials, transfers: TransferManager
) -> None:
    """Subscribe the parts to events of the login, the tracker and the groups.

    Whatever else is to react to an event, such as a hook or a folder watcher, subscribes here.
    """

    def connected(_: TrackerConnected) -> None:
        transfers.active.forget_candidates()
        announcer.reconnected()
        credentials.refresh()

    def logged_out(_: LoggedOut) -> None:
        credentials.forget_all()
        transfers.empty_later()

    def membership_ended(event: MembershipEnded) -> None:
        credentials.forget(event.group)
        transfers.refuse(event.group)

    events.subscribe(TrackerConnected, connected)
    events.subscribe(LoggedOut, logged_out)
    events.subscribe(MembershipEnded, membership_ended)
    events.subscribe(
        MemberRemoved, lambda event: transfers.active.disconnect_user(event.group, event.user)
    )
    events.subscribe(
        CertificatesRevoked, lambda event: credentials.revoke(event.group, event.holders)
    )
    events.subscribe(
        RevocationsApplied, lambda event: transfers.active.disconnect_unaccepted(event.group)
    )
