"""Rendezvous: has two clients dial each other, because one can't reach the other by itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from common.api import rendezvous as api
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, InfoHash, info_hash_from_hex, peer_id_from_hex
from tracker.domain.throttle import Rate
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.services.rate_limits import RateLimiter
from tracker.services.sharing.reachability import Reachability
from tracker.services.sharing.relaying import RelayDesk
from tracker.services.sharing.removals import no_such_info_hash
from tracker.store.database.errors import ConflictError
from tracker.store.presence.presence import Met
from tracker.store.presence.rendezvous import Waiting
from tracker.store.presence.trackers import Site
from tracker.store.unit_of_work import UnitOfWorkFactory

PER_USER = Rate(100, 0.5)
"""How often a user may ask, and how often a user's client may be told."""

PER_PAIR = Rate(4, 5.0)
"""How often a user may have the same client told."""


class RendezvousService:
    """Tells clients to dial each other, only where a tracker has seen them."""

    def __init__(
        self,
        database: UnitOfWorkFactory,
        clock: Clock,
        steady: Clock,
        tracker_id: str,
        site: Site,
        relay_desk: RelayDesk,
        reachability: Reachability,
    ) -> None:
        self._here = api.SeenEndpoint(host=site.host, port=site.port)
        self.relay_desk = relay_desk
        self._reachability = reachability
        self._database = database
        self._clock = clock
        self._tracker_id = tracker_id
        self._asked = RateLimiter(PER_USER, steady)
        self._told = RateLimiter(PER_USER, steady)
        self._pairs = RateLimiter(PER_PAIR, steady)

    def rendezvous(self, me: Identity, request: api.Rendezvous) -> api.RendezvousReply:
        """Have a member's client dial the caller's, which dials it at the same time.

        Both have to be present for the file. Raises MinitorrentError(no_such_file, not_member,
        too_many_attempts).
        """
        _spend(self._asked, me.user)
        mine, theirs = self._find(me, request)
        if not (mine and theirs):
            return api.RendezvousReply(token=None)
        target = theirs[0]
        _spend(self._pairs, f"{me.user} {target.connection_id}")
        _spend(self._told, target.connection_id)
        if request.unanswered:
            for one in theirs:
                self._reachability.note(Endpoint(one.host, one.port), answers=False)
        token, tickets = (
            secrets.token_hex(16),
            (self._tickets(me, target) if request.relay else None),
        )
        notice = api.RendezvousNotice(
            info_hash=request.info_hash,
            token=token,
            endpoints=_endpoints(mine),
            ticket=tickets and tickets[1],
            relay=None if target.tracker_id == self._tracker_id else self._here,
        )
        try:
            with self._database.write() as work:
                waiting = Waiting(target.connection_id, notice.model_dump_json())
                work.rendezvous.add(waiting, target.tracker_id, self._clock())
        except ConflictError:  # it has just disconnected
            return api.RendezvousReply(token=None)
        return api.RendezvousReply(
            token=token, endpoints=_endpoints(theirs), ticket=tickets and tickets[0]
        )

    def _tickets(self, me: Identity, target: Met) -> tuple[str, str] | None:
        """Return tickets for the relay, for either side: only in a sealed group, which encrypts."""
        if target.mode != "sealed":
            return None
        return self.relay_desk.issue(target.group_id, (me.user_id, target.user_id))

    def _find(self, me: Identity, request: api.Rendezvous) -> tuple[Sequence[Met], Sequence[Met]]:
        """Return where the caller's client and the other one accept peers for the file."""
        info_hash, peer_id = info_hash_from_hex(request.info_hash), request.peer_id
        with self._database.look() as view:
            file = view.files(me.user_id, [info_hash]).get(info_hash)
            if file is None:
                raise self._no_such_file(me, info_hash)
            if not file.is_member:
                raise MinitorrentError(
                    ErrorCode.NOT_MEMBER, "You are not a member of the group that shares this file."
                )
            now, found = self._clock(), peer_id_from_hex(peer_id)
            mine = view.in_session(file.id, me.user, me.peer_id, now)
            theirs = view.in_session(file.id, request.user, found, now)
        return _of(me.connection_id, mine), _of(theirs[0].connection_id if theirs else "", theirs)

    def _no_such_file(self, me: Identity, info_hash: InfoHash) -> MinitorrentError:
        with self._database.read() as work:
            return no_such_info_hash(work, me.user_id, info_hash)

    def take(self) -> list[Waiting]:
        """Return what clients connected here are to be told now. Raises DatabaseError."""
        with self._database.read(urgent=True) as work:
            if not work.rendezvous.is_waiting(self._tracker_id):
                return []
        with self._database.write(urgent=True) as work:
            return work.rendezvous.take(self._tracker_id)


def _of(connection_id: str, met: Iterable[Met]) -> list[Met]:
    """Return what of this belongs to one connection."""
    return [one for one in met if one.connection_id == connection_id]


def _endpoints(met: Iterable[Met]) -> list[api.SeenEndpoint]:
    """Return where to dial a client: where its session comes from, and the ports it announces.

    Many clients connect to the tracker from the port at which they accept peers, so that the first
    is where their router lets answers in.
    """
    found = [(one.host, one.session_port) for one in met][:1]
    found += [(one.host, one.port) for one in met if one.port]
    return [
        api.SeenEndpoint(host=host, port=port)
        for host, port in list(dict.fromkeys(found))[: api.MAX_ENDPOINTS]
    ]


def _spend(limit: RateLimiter, key: str) -> None:
    limit.spend(key, ErrorCode.TOO_MANY_ATTEMPTS, "Too many rendezvous")
