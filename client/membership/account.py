"""The login of this client and its groups."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping

from client.caller import current_caller
from client.core.notices.events import (
    CertificatesRevoked,
    EventsMissed,
    FileRemoved,
    GroupEvent,
    LoggedIn,
    LoggedOut,
    LoginResumed,
    MemberRemoved,
    MembershipEnded,
    TrackerConnected,
    TrackerLost,
)
from client.event_bus import EventBus
from client.membership.pending_requests import PendingRequests
from client.membership.resumption import Resumption
from client.state.settings import Settings
from common.api.accounts import LoginReply
from common.api.events import EventKind, EventNotice
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, info_hash_from_hex

_GROUP_SETTING = "group"
"""The key of the group in use among the user's settings."""


class Account:
    """The login of this client, kept up to date by the tracker's events.

    It publishes logins and changes of groups from the tracker client's threads, so subscribers
    must return at once (see EventBus).
    """

    def __init__(self, settings: Settings, events: EventBus) -> None:
        self._settings = settings
        self._events = events
        self._lock = threading.Lock()
        self._user: str | None = None
        self._group: str | None = None
        self._groups: set[str] = set()
        self._more_groups = 0
        self._was_lost = False  # the connection to a tracker, and there is none yet again
        self.resumption = Resumption()
        self.is_lent = False  # other programs depend on this login, see `lend`
        self._requests = PendingRequests()  # to join the groups that the user is an admin of

    @property
    def user(self) -> str | None:
        """The logged-in user, or None."""
        return self._user

    @property
    def group(self) -> str | None:
        """The group in use, which is the caller's own if it has one."""
        caller = current_caller()
        if caller is None or self._user is None or caller.user != self._user:
            return self._group
        with self._lock:
            is_left = not self._more_groups and caller.group not in self._groups
        return None if is_left else caller.group

    @property
    def groups(self) -> set[str]:
        """The groups that the user is known to be a member of."""
        with self._lock:
            return set(self._groups)

    @property
    def knows_all_groups(self) -> bool:
        """Whether `groups` is complete."""
        return not self._more_groups

    @property
    def pending_requests(self) -> int:
        """How many ask to join the groups that the user is an admin of."""
        with self._lock:
            return self._requests.count()

    @property
    def more_groups(self) -> int:
        """How many groups the user had at the login in addition to `groups`."""
        return self._more_groups

    def require(self) -> str:
        """Return the user, once a remembered login that is being resumed has an answer.

        Raises MinitorrentError: not_logged_in when nobody is logged in, or why it is delayed.
        """
        self.resumption.hurry()
        self.resumption.wait()
        if self._user is None:
            self.resumption.check()
            raise MinitorrentError(
                ErrorCode.NOT_LOGGED_IN, "You are not logged in; type: login USER PASSWORD"
            )
        return self._user

    def require_group(self, group: str | None) -> str:
        """Return the named group, else the one in use; raises MinitorrentError(usage)."""
        self.require()
        chosen = group or self.group
        if chosen is None:
            raise MinitorrentError(
                ErrorCode.USAGE, "Which group? Name it, or choose one with: use_group GROUP"
            )
        return chosen

    # --- changes ----------------------------------------------------------------------------
    def logged_in(self, reply: LoginReply) -> None:
        """Take the tracker's answer to a password or a token."""
        group = self._settings.get(reply.user, _GROUP_SETTING)
        with self._lock:
            self._user = reply.user
            self._groups = set(reply.groups)
            self._more_groups = reply.more_groups
            self._group = group if group in self._groups or reply.more_groups else None
            self._requests.start(reply.pending_requests)
        self._events.publish(LoggedIn(reply.user))

    def logged_out(self, reason: str | None = None) -> None:
        """End the login; `reason` is the tracker's, if it ended the login."""
        with self._lock:
            user = self._user
            self._user = self._group = None
            self._groups = set()
            self.is_lent = False
            self._requests.start(0)
        if user is not None:
            self._events.publish(LoggedOut(user, reason))

    def use(self, group: str) -> None:
        """Make a group the default where none is named, in later sessions too.

        If this is done for a caller, it becomes the default of that caller only.
        """
        caller = current_caller()
        if caller is not None:
            caller.user, caller.group = self.require(), group
            return
        self._settings.set(self.require(), _GROUP_SETTING, group)
        with self._lock:
            self._group = group

    def lend(self) -> None:
        """Keep the session when the client ends: another program now uses its keys.

        A certificate or an announce key that was written to a file is void when its login ends.
        """
        self.is_lent = True

    def joined(self, group: str) -> None:
        """Add a group that the user has joined."""
        with self._lock:
            self._groups.add(group)

    def left(self, group: str) -> None:
        """Remove a group that the user has left."""
        with self._lock:
            self._groups.discard(group)
            if self._group == group:
                self._group = None

    def answered_requests(self, group: str, users: Collection[str]) -> None:
        """Count these users' requests to join a group no longer."""
        with self._lock:
            self._requests.decided(group, users, time.monotonic())

    def listed_requests(self, group: str, users: Collection[str]) -> None:
        """Take a group's whole list of requests to join."""
        with self._lock:
            self._requests.listed(group, users)

    def counted_requests(self, numbers: Mapping[str, int]) -> None:
        """Take the numbers of requests to join of all groups that have some."""
        with self._lock:
            self._requests.counted(numbers)

    def report_missed(self, count: int) -> None:
        """Publish how many events concerned the user since the last login, if any."""
        if count:
            self._events.publish(EventsMissed(count))

    # --- events from the tracker ------------------------------------------------------------
    def on_connected(self, tracker: Endpoint, reply: LoginReply | None) -> None:
        """See TrackerCallbacks."""
        if reply is not None:
            self.logged_in(reply)
        if self.resumption.user is not None:
            self._answered(reply)
        is_back, self._was_lost = self._was_lost, False
        self._events.publish(TrackerConnected(tracker, is_back))

    def _answered(self, reply: LoginReply | None) -> None:
        """Take the answer to the token of a remembered login; None if no tracker may see it."""
        if reply is None:
            self.resumption.end()
        else:
            self._events.publish(LoginResumed(reply.user, reply.unread_notices))

    def on_unreachable(self, reason: MinitorrentError) -> None:
        """See TrackerCallbacks."""
        self.resumption.delay(reason)

    def on_lost(self, tracker: Endpoint) -> None:
        """See TrackerCallbacks."""
        self._was_lost = True
        self._events.publish(TrackerLost(tracker))

    def on_session_ended(self, reason: str) -> None:
        """See TrackerCallbacks."""
        remembered = self.resumption.user
        if self._user is not None:
            self.logged_out(reason)
        elif remembered is not None:
            self._events.publish(LoggedOut(remembered, reason))
        self.resumption.end()

    def on_event(self, event: EventNotice) -> None:
        """See TrackerCallbacks."""
        match event.kind:
            case EventKind.JOIN_REQUESTED:
                with self._lock:
                    self._requests.asked(event.group, event.subject, time.monotonic())
            case EventKind.REQUEST_DECIDED:
                with self._lock:
                    self._requests.decided_elsewhere(event.group, event.subject)
            case EventKind.REQUEST_ACCEPTED:
                self.joined(event.group)
            case EventKind.MEMBER_LEFT:  # sent to all members, whether another left or was removed
                self._events.publish(MemberRemoved(event.group, event.subject))
            case EventKind.MEMBER_REMOVED:  # sent to the removed user only
                self.left(event.group)
                self._events.publish(MembershipEnded(event.group))
            case EventKind.FILE_REMOVED:
                self._publish_removal(event)
        if event.removed:
            self._events.publish(CertificatesRevoked(event.group, tuple(event.removed)))
        if event.kind == EventKind.FILE_REMOVED and event.actor == self._user:
            return  # the command has answered
        self._events.publish(
            GroupEvent(event.kind, event.group, event.subject, event.text, event.actor)
        )

    def _publish_removal(self, event: EventNotice) -> None:
        try:
            info_hash = info_hash_from_hex(event.info_hash)
        except ValueError:
            return  # the tracker is to blame; announces will be refused in any case
        self._events.publish(FileRemoved(event.group, event.subject, info_hash, event.text))
