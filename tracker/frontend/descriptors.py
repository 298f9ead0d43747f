"""The limit on file descriptors, and its allotment."""

from __future__ import annotations

import contextlib
import resource
from dataclasses import dataclass

from tracker.services.sharing.reachability import MAX_DIALS
from tracker.store.database.dialects import CONNECTIONS

MAX_TURNED_AWAY = 16
"""Most connections at once, per frontend, that receive an error instead of service."""

_PLENTY = 1 << 20
_PLENTY_BUT_LESS = 10_240  # the most macOS allows, whatever the hard limit
_DATABASE = 8  # connections for what is urgent, and a writer's temporary files
_EACH = 4  # of a connection to the database: SQLite's has three files
_OTHERS = 32  # pipes, listeners, selectors, a certificate being read
_OWN = MAX_DIALS + 2 * MAX_TURNED_AWAY + _DATABASE + _OTHERS
_MAX_HTTP = 500
_MIN_HTTP = 16
_MAX_RELAYED = 500
_USUAL_SESSIONS = 10_000  # each takes some 30 KiB of memory


class TooFewDescriptorsError(Exception):
    """The limit is too low for a tracker; the message says so in one line."""


@dataclass(frozen=True)
class DescriptorBudget:
    """Most connections of each frontend, so that descriptors never run out."""

    sessions: int
    http: int
    relay: int = 0


def raise_limit() -> int:
    """Raise the soft limit as far as the system allows; return the new limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, _PLENTY, _PLENTY_BUT_LESS):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            break
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _PLENTY if soft == resource.RLIM_INFINITY else soft


def share_out(
    limit: int,
    asked: int | None,
    database_connections: int = CONNECTIONS,
    *,
    relays: bool = False,
) -> DescriptorBudget:
    """Allot `limit` descriptors; `asked` is the operator's number of sessions, if any.

    `relays`: there is a relay, which has some, too.

    Raises TooFewDescriptorsError.
    """
    own = _OWN + _EACH * database_connections
    http = max(_MIN_HTTP, min(_MAX_HTTP, (limit - own) // 4))
    relay = min(_MAX_RELAYED, (limit - own) // 4) if relays else 0
    left = limit - own - http - relay
    if left < 1:
        raise TooFewDescriptorsError(
            f"the system allows only {limit} open files; raise that to at least "
            f"{own + 2 * _MIN_HTTP} with: ulimit -n"
        )
    return DescriptorBudget(min(left, _USUAL_SESSIONS if asked is None else asked), http, relay)
