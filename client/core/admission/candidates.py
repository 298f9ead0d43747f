"""The known peers of a torrent, and which of them to dial next."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from client.core.admission.obstacle import Obstacle
from client.core.admission.party import network
from common.types import Endpoint, PeerId

FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 300.0
"""Seconds before an unreachable peer is dialled again; the pause doubles with each failure."""

_MAX_FAILURES: Final = 10
"""Failures counted per candidate; by then the pause is the longest."""

WORTHWHILE_AFTER: Final = 10.0
"""Seconds after which a connection counts as worthwhile rather than as ended at once."""

MAX_KNOWN: Final = 1000
MAX_PER_USER: Final = 100
"""Peers remembered in all and per user, so that made-up peers only displace the user's own."""

MAX_DIALS_PER_USER: Final = 3
MAX_DIALS_PER_ADDRESS: Final = 8
"""Dials in progress per user, and per address, which several users may share."""

MAX_PER_ROUND: Final = 16
"""Dials started at once."""

MAX_SEEN: Final = 1000
"""Members that dialled us; remembered for when no tracker can be asked."""

Key: TypeAlias = tuple[Endpoint, str, PeerId | None]
"""Identifies a candidate; see `PeerCandidate.key`."""


@dataclass(slots=True)
class PeerCandidate:
    """A member's client as listed by the tracker, at the address that the tracker saw.

    `others` are more addresses of it; `silent`: it has given others no answer. `obstacle` is what
    stopped the last dial; `unmet`: what stopped a rendezvous, too. Times are in seconds, by the
    caller's clock.
    """

    endpoint: Endpoint
    peer_id: PeerId
    user: str
    dialling: bool = False
    failures: int = 0
    obstacle: Obstacle | None = None
    unmet: Obstacle | None = None
    connected_at: float = 0.0
    not_before: float = 0.0  # when it may be dialled again
    others: tuple[Endpoint, ...] = ()
    silent: bool = False
    network: str = field(init=False)

    def __post_init__(self) -> None:
        self.network = network(self.endpoint.host)

    @property
    def key(self) -> Key:
        """The candidate's identity: endpoint and user, plus the peer id if it can't listen.

        The peer id alone is no identity: a peer that copies another's id would replace it.
        """
        return self.endpoint, self.user, None if self.endpoint.port else self.peer_id

    def explain(self) -> None:
        """Take into account that the peer can't reach us, either."""
        if self.unmet is not None and self.obstacle is not None and self.obstacle.is_silence:
            self.obstacle = self.unmet

    def is_at(self, host: str) -> bool:
        """Whether a host is one of its addresses."""
        return self.endpoint.host == host or any(one.host == host for one in self.others)

    @property
    def certain_obstacle(self) -> Obstacle | None:
        """What keeps us from talking to this peer, once that is certain.

        A single failure is not enough: a connection that ended counts as one, too.
        """
        if not self.endpoint.port:
            return Obstacle.REFUSED
        return self.obstacle if self.failures > 1 else None


class Candidates:
    """The peers that may be dialled. `me` is our own peer id: we are never a candidate."""

    def __init__(self, me: PeerId) -> None:
        self._me = me
        self._known: dict[Key, PeerCandidate] = {}
        self._listed: list[PeerCandidate] = []  # the tracker's last answer
        self._seen: OrderedDict[tuple[str, PeerId], str] = OrderedDict()  # users of incoming peers

    # --- what the tracker lists -------------------------------------------------------------
    def learn(self, listed: Iterable[PeerCandidate]) -> None:
        """Replace the tracker's last answer; what we know of listed peers is kept."""
        self._listed = [candidate for candidate in listed if candidate.peer_id != self._me]
        for candidate in self._listed:
            old = self._known.get(candidate.key)
            if old is None:
                self._add(candidate)
            elif old.peer_id != candidate.peer_id:  # an earlier instance at this endpoint
                old.peer_id, old.failures, old.not_before = candidate.peer_id, 0, 0.0
            if old is not None:
                old.others, old.silent = candidate.others, candidate.silent

    def _add(self, candidate: PeerCandidate) -> None:
        self._known[candidate.key] = candidate
        of_user = [known for known in self._known.values() if known.user == candidate.user]
        if len(of_user) > MAX_PER_USER:
            self._drop_worst(of_user)
        elif len(self._known) > MAX_KNOWN:
            crowded = Counter(known.user for known in self._known.values()).most_common(1)[0][0]
            self._drop_worst(known for known in self._known.values() if known.user == crowded)

    def _drop_worst(self, among: Iterable[PeerCandidate]) -> None:
        """Evict the candidate with the most failures; of equals, the one known longest."""
        del self._known[max(among, key=lambda known: known.failures).key]

    def remember_user(self, peer_id: PeerId, host: str, user: str) -> None:
        """Remember the user of an incoming peer at this address, as named by the tracker."""
        self._seen[host, peer_id] = user
        self._seen.move_to_end((host, peer_id))
        if len(self._seen) > MAX_SEEN:
            self._seen.popitem(last=False)

    def forget(self, peer_id: PeerId, host: str) -> None:
        """Drop a peer that the tracker no longer lists, so that we don't dial it."""
        self._seen.pop((host, peer_id), None)
        for known in list(self._known.values()):
            if known.peer_id == peer_id and known.is_at(host):
                del self._known[known.key]

    def forget_all(self) -> None:
        """Forget everything: the tracker was away, so only its next answer counts."""
        self._listed = []
        self._known.clear()
        self._seen.clear()

    def forget_user(self, user: str) -> None:
        """Drop all candidates of a user who is no longer a member."""
        self._listed = [listed for listed in self._listed if listed.user != user]
        for known in list(self._known.values()):
            if known.user == user:
                del self._known[known.key]
        for seen in [seen for seen, name in self._seen.items() if name == user]:
            del self._seen[seen]

    # --- whether listed peers can be reached ------------------------------------------------
    def reachability(self) -> tuple[int, list[Obstacle]]:
        """Return how many peers the tracker listed last, and the obstacle of each unreachable one.

        See `PeerCandidate.certain_obstacle`.
        """
        present = self._present()
        obstacles = (known.certain_obstacle for known in present)
        return len(present), [obstacle for obstacle in obstacles if obstacle is not None]

    @property
    def last_dial_failed(self) -> bool:
        """Whether our last dial to any of the peers that the tracker listed last failed."""
        return any(known.obstacle not in (None, Obstacle.LEFT) for known in self._present())

    def _present(self) -> list[PeerCandidate]:
        """Return the peers that the tracker listed last, with what we know of them."""
        return [self._known.get(candidate.key, candidate) for candidate in self._listed]

    # --- identities -------------------------------------------------------------------------
    def listed_at(self, endpoint: Endpoint, peer_id: PeerId) -> PeerCandidate | None:
        """Return the candidate that the tracker listed at an endpoint we dialled, or None.

        When several users announce the endpoint, the peer id decides.
        """
        there = self._at(endpoint)
        same = [candidate for candidate in there if candidate.peer_id == peer_id]
        return next(iter(same or there), None)

    def listed_user(self, peer_id: PeerId, host: str) -> str | None:
        """Return the user of this peer at this address, from the tracker's last answer only."""
        for listed in self._listed:
            if listed.peer_id == peer_id and listed.is_at(host):
                return listed.user
        return None

    def remembered_user(self, peer_id: PeerId, host: str) -> str | None:
        """Return the user of this peer at this address, from anything the tracker ever said."""
        for known in self._known.values():
            if known.peer_id == peer_id and known.is_at(host):
                return known.user
        return self._seen.get((host, peer_id))

    # --- dialling ---------------------------------------------------------------------------
    def to_dial(
        self, is_taken: Callable[[PeerCandidate], bool], free: int, now: float
    ) -> list[Endpoint]:
        """Return up to `free` endpoints to dial now, and mark them as being dialled.

        Users and addresses take turns, so that nobody who announces many peers, or whose peers
        answer slowly, keeps others waiting. Candidates that are `is_taken` are skipped.
        """
        due = [
            known
            for known in self._known.values()
            if not known.dialling
            and known.endpoint.port
            and known.not_before <= now
            and not is_taken(known)
        ]
        counts = _DialCounts(known for known in self._known.values() if known.dialling)
        chosen: list[Endpoint] = []
        while len(chosen) < min(free, MAX_PER_ROUND) and (best := counts.next_of(due)) is not None:
            chosen.append(best.endpoint)
            for known in self._at(best.endpoint):
                known.dialling = True
            due = [known for known in due if not known.dialling]
        return chosen

    def connected(self, endpoint: Endpoint, now: float) -> None:
        """Record that a dial succeeded."""
        for candidate in self._at(endpoint):
            candidate.dialling = False
            candidate.obstacle = candidate.unmet = None
            candidate.connected_at = now

    def left(self, endpoint: Endpoint, now: float, *, useful: bool) -> None:
        """Record the end of a connection: a failure, unless it was `useful` or lasted."""
        for candidate in self._at(endpoint):
            if useful or now - candidate.connected_at >= WORTHWHILE_AFTER:
                candidate.failures = 0
        self.failed(endpoint, now, Obstacle.LEFT)

    def failed(self, endpoint: Endpoint, now: float, obstacle: Obstacle | None = None) -> None:
        """Record a failed dial: leave that peer alone for a while.

        `obstacle` is None when nothing is known to be wrong with the peer.
        """
        for candidate in self._at(endpoint):
            candidate.dialling = False
            candidate.obstacle = obstacle and obstacle.of(candidate.peer_id)
            candidate.explain()
            pause = min(FIRST_PAUSE * 2**candidate.failures, LONGEST_PAUSE)
            candidate.failures = min(candidate.failures + 1, _MAX_FAILURES)
            candidate.not_before = now + pause

    def not_met(self, endpoint: Endpoint, obstacle: Obstacle) -> None:
        """Record that a rendezvous has led to nothing."""
        for candidate in self._at(endpoint):
            candidate.unmet = obstacle
            candidate.explain()

    def at(self, endpoint: Endpoint) -> PeerCandidate | None:
        """Return the candidate that is dialled at this endpoint, or one of them."""
        there = self._at(endpoint)
        main = [candidate for candidate in there if candidate.endpoint == endpoint]
        return next(iter(main or there), None)

    def _at(self, endpoint: Endpoint) -> list[PeerCandidate]:
        """Return the candidates with this endpoint, or with this address besides theirs."""
        return [c for c in self._known.values() if c.endpoint == endpoint or endpoint in c.others]


class _DialCounts:
    """Counts the dials in progress per user and per address."""

    def __init__(self, dialling: Iterable[PeerCandidate]) -> None:
        self._users: Counter[str] = Counter()
        self._networks: Counter[str] = Counter()
        for candidate in dialling:
            self._count(candidate)

    def next_of(self, due: Iterable[PeerCandidate]) -> PeerCandidate | None:
        """Return the candidate with the fewest dials and failures; None while all must wait."""
        able = (
            candidate
            for candidate in due
            if self._users[candidate.user] < MAX_DIALS_PER_USER
            and self._networks[candidate.network] < MAX_DIALS_PER_ADDRESS
        )
        best = min(able, key=self._weight, default=None)
        if best is not None:
            self._count(best)
        return best

    def _weight(self, candidate: PeerCandidate) -> tuple[int, int, int]:
        return (
            self._users[candidate.user],
            self._networks[candidate.network],
            candidate.failures,
        )

    def _count(self, candidate: PeerCandidate) -> None:
        self._users[candidate.user] += 1
        self._networks[candidate.network] += 1


def keeps_new_connection(*, me: PeerId, other: PeerId, incoming: bool) -> bool:
    """Return whether a second connection to the same peer replaces the first.

    The connection that the higher peer id dialled stays, so both sides decide the same way when
    they dial each other at the same time. `incoming` tells whether the peer dialled the new one.
    """
    dialler, dialled = (other, me) if incoming else (me, other)
    return dialler > dialled
