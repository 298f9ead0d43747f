"""All services of a tracker, made together."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass

from tracker.services.accounts import Accounts
from tracker.services.announce import Announces
from tracker.services.clock import Clock
from tracker.services.events import Events
from tracker.services.files import Files
from tracker.services.groups import Groups
from tracker.services.keys import Keys
from tracker.services.lifecycle import Lifecycle
from tracker.store.trackers import Site
from tracker.store.work import Works


@dataclass(frozen=True)
class Services:
    """What the frontends call."""

    accounts: Accounts
    groups: Groups
    files: Files
    announces: Announces
    keys: Keys
    events: Events
    lifecycle: Lifecycle


def make_services(works: Works, clock: Clock, site: Site, min_password: int) -> Services:
    """The services of one tracker on one database.

    `min_password` is the shortest password (characters) that it accepts.
    """
    tracker_id = secrets.token_hex(16)
    return Services(
        accounts=Accounts(works, clock, tracker_id, min_password),
        groups=Groups(works, clock),
        files=Files(works, clock),
        announces=Announces(works, clock, random.Random()),
        keys=Keys(works, clock, tracker_id, site.http_port),
        events=Events(works),
        lifecycle=Lifecycle(works, clock, tracker_id, site),
    )
