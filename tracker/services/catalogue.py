"""All services of a tracker, made together."""

from __future__ import annotations

import random
import secrets
import time
from dataclasses import dataclass

from tracker.domain.secret_box import SecretBox
from tracker.quotas import Quotas
from tracker.services.accounts import Accounts
from tracker.services.allowance import Allowance, Pace
from tracker.services.announce import Announces
from tracker.services.authority import Authorities
from tracker.services.clock import Clock
from tracker.services.events import Events
from tracker.services.files import Files
from tracker.services.groups import Groups
from tracker.services.keys import Keys
from tracker.services.lifecycle import Lifecycle
from tracker.services.notices import Notices
from tracker.services.reachability import Reachability
from tracker.services.tokens import Tokens
from tracker.store.trackers import Site
from tracker.store.unit_of_work import UnitOfWorkFactory

_USUAL = Quotas()


@dataclass(frozen=True)
class Services:
    """What the frontends call.

    `acts` is how much the audit keeps for a user; `pace` and `party_pace`, how fast users, and
    whoever is behind an address, are answered.
    """

    accounts: Accounts
    tokens: Tokens
    groups: Groups
    authorities: Authorities
    files: Files
    announces: Announces
    keys: Keys
    reachability: Reachability
    events: Events
    notices: Notices
    acts: Allowance
    pace: Pace
    party_pace: Pace
    lifecycle: Lifecycle


def make_services(
    works: UnitOfWorkFactory,
    clock: Clock,
    site: Site,
    min_password: int,
    safe: SecretBox,
    lifetime: float,
    steady: Clock = time.monotonic,
    quotas: Quotas = _USUAL,
) -> Services:
    """The services of one tracker on one database.

    `steady` is a clock that nobody sets, for what only lasts.
    `min_password` is the shortest password (characters) that it accepts, `lifetime` that of the
    certificates (seconds) which it issues for the groups whose keys are in `safe`.
    """
    tracker_id = secrets.token_hex(16)
    acts = Allowance.daily(quotas.acts, steady)
    return Services(
        accounts=Accounts(works, clock, steady, tracker_id, min_password, quotas, acts),
        tokens=Tokens(works, clock, quotas),
        groups=Groups(works, clock, safe, quotas),
        authorities=Authorities(works, clock, steady, safe, lifetime, quotas),
        files=Files(works, clock, quotas),
        announces=Announces(works, clock, random.Random(), quotas),
        keys=Keys(works, clock, tracker_id, site.http_port),
        reachability=Reachability(),
        events=Events(works),
        notices=Notices(works),
        acts=acts,
        pace=Pace(quotas.requests_per_second, steady),
        party_pace=Pace(2 * quotas.requests_per_second, steady),
        lifecycle=Lifecycle(works, clock, steady, tracker_id, site),
    )
