"""Construction of a tracker's services."""

from __future__ import annotations

import random
import secrets
import time
from dataclasses import dataclass

from tracker.domain.credentials import PasswordCost
from tracker.domain.secret_box import SecretBox
from tracker.quotas import Quotas
from tracker.services.accounts.accounts import AccountService
from tracker.services.accounts.hashing import PasswordHasher
from tracker.services.accounts.logins import LoginService
from tracker.services.accounts.passwords import PasswordChecker
from tracker.services.accounts.tokens import TokenService
from tracker.services.clock import Clock
from tracker.services.events import EventService
from tracker.services.groups.authority import CertificateService
from tracker.services.groups.groups import GroupService
from tracker.services.groups.invitations import InvitationService
from tracker.services.groups.members import MemberService
from tracker.services.groups.requests import JoinRequestService
from tracker.services.groups.stats import StatsService
from tracker.services.lifecycle import Lifecycle
from tracker.services.notices import NoticeService
from tracker.services.rate_limits import RateLimiter, RequestThrottle
from tracker.services.sharing.announce import AnnounceService
from tracker.services.sharing.files import FileService
from tracker.services.sharing.keys import AnnounceKeyService
from tracker.services.sharing.listing import Listings
from tracker.services.sharing.reachability import PortCheckService, Reachability
from tracker.services.sharing.relaying import RelayDesk
from tracker.services.sharing.rendezvous import RendezvousService
from tracker.services.sharing.swarms import Swarms
from tracker.store.presence.trackers import Site
from tracker.store.unit_of_work import UnitOfWorkFactory

_USUAL_QUOTAS = Quotas()
_USUAL_COST = PasswordCost()


@dataclass(frozen=True)
class Policy:
    """What the operator of a tracker decides.

    `min_password` is the shortest accepted password in characters, `certificate_lifetime` is in
    seconds. `by_invitation_only` closes the creation of accounts to everyone else; `relays`: the
    tracker runs a relay.
    """

    min_password: int
    certificate_lifetime: float
    quotas: Quotas = _USUAL_QUOTAS
    password_cost: PasswordCost = _USUAL_COST
    by_invitation_only: bool = False
    relays: bool = False


@dataclass(frozen=True)
class Services:
    """The services that the frontends call.

    `audit_limit` limits the audit entries of a user; `request_throttle` and `party_throttle` limit
    the request rate of users and of parties (see common.party).
    """

    accounts: AccountService
    logins: LoginService
    tokens: TokenService
    groups: GroupService
    members: MemberService
    requests: JoinRequestService
    stats: StatsService
    invitations: InvitationService
    authorities: CertificateService
    files: FileService
    announces: AnnounceService
    keys: AnnounceKeyService
    reachability: PortCheckService
    rendezvous: RendezvousService
    events: EventService
    notices: NoticeService
    audit_limit: RateLimiter
    request_throttle: RequestThrottle
    party_throttle: RequestThrottle
    lifecycle: Lifecycle


def make_services(
    database: UnitOfWorkFactory,
    clock: Clock,
    site: Site,
    secret_box: SecretBox,
    policy: Policy,
    steady: Clock = time.monotonic,
) -> Services:
    """Create one tracker's services; `clock` is the database's, `steady` is for durations."""
    events, quotas = EventService(database, secrets.token_hex(16), steady), policy.quotas
    audit_limit = RateLimiter.daily(quotas.acts, steady)
    passwords = PasswordChecker(database, clock, steady, PasswordHasher(policy.password_cost))
    lifetime, closed = policy.certificate_lifetime, policy.by_invitation_only
    invitations = InvitationService(database, clock, steady, quotas, are_required=closed)
    listings = Listings(swarms := Swarms(random.Random()), ports := Reachability(steady))
    desk = RelayDesk(database, steady, quotas, is_open=policy.relays)
    return Services(
        accounts=AccountService(
            database, clock, steady, passwords, quotas, invitations, policy.min_password
        ),
        logins=LoginService(database, clock, events, passwords, quotas, audit_limit),
        tokens=TokenService(database, clock, quotas),
        groups=GroupService(database, clock, steady, secret_box, quotas),
        members=MemberService(database, clock, steady),
        requests=JoinRequestService(database, clock, quotas),
        stats=StatsService(database, steady),
        invitations=invitations,
        authorities=CertificateService(database, clock, steady, secret_box, lifetime, quotas),
        files=FileService(database, clock, steady, quotas, swarms, listings),
        announces=AnnounceService(database, clock, swarms, quotas, listings),
        keys=AnnounceKeyService(database, clock, events.tracker_id, site),
        reachability=PortCheckService(ports),
        rendezvous=RendezvousService(database, clock, steady, events.tracker_id, site, desk, ports),
        events=events,
        notices=NoticeService(database, steady),
        audit_limit=audit_limit,
        request_throttle=RequestThrottle(quotas.requests_per_second, steady),
        party_throttle=RequestThrottle(2 * quotas.requests_per_second, steady),
        lifecycle=Lifecycle(database, clock, steady, events, site),
    )
