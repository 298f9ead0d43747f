"""What the connection to a tracker reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from common.api.accounts import LoginReply
from common.api.events import EventNotice
from common.api.rendezvous import RendezvousNotice
from common.errors import MinitorrentError
from common.types import Endpoint


@dataclass(frozen=True, slots=True)
class TrackerCallbacks:
    """Callbacks about the connection; they must return at once and call no operation.

    `connected`: there is a connection, with the session's state if it was resumed. `lost`: the
    connection is lost, though the login on it has not ended. `session_ended`: the token is no
    longer valid; the argument is the tracker's sentence. `notice`: the tracker pushed an event.
    `rendezvous`: another member's client can't dial us, and asks us to dial it.
    `unreachable`: all trackers were tried in vain, for this reason; they will be tried again.
    """

    connected: Callable[[Endpoint, LoginReply | None], None]
    lost: Callable[[Endpoint], None]
    session_ended: Callable[[str], None]
    notice: Callable[[EventNotice], None]
    rendezvous: Callable[[RendezvousNotice], None] = lambda _: None
    unreachable: Callable[[MinitorrentError], None] = lambda _: None
