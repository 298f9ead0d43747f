"""The peers of a torrent that are known, and which of them to dial next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from client.core.obstacle import Obstacle
from common.types import Endpoint, PeerId

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 300.0
"""Seconds before a peer that could not be reached is dialled again, doubling."""

LASTING = 10.0
"""Seconds after which a connection has not ended at once: it was worth while."""

MAX_KNOWN = 1000


@dataclass(slots=True)
class Candidate:
    """A member's client as the tracker told of it; `obstacle` is what the last dial met."""

    endpoint: Endpoint
    peer_id: PeerId
    user: str
    dialling: bool = False
    failures: int = 0
    obstacle: Obstacle | None = None
    since: float = 0.0  # connected
    not_before: float = 0.0

    @property
    def met(self) -> Obstacle | None:
        """What keeps us from talking to it, if that is certain by now."""
        if not self.endpoint.port:
            return Obstacle.REFUSED
        return self.obstacle if self.failures > 1 else None


class Candidates:
    """Who may be dialled. `me` is our own peer id: we are never a candidate."""

    def __init__(self, me: PeerId) -> None:
        self._me = me
        self._known: dict[PeerId, Candidate] = {}
        self._told: list[Candidate] = []  # when it was last asked, the tracker told of these
        self._banned: set[PeerId | Endpoint] = set()

    def __repr__(self) -> str:
        return f"Candidates({len(self._known)} known, {len(self._banned)} banned)"

    def learn(self, told: Iterable[Candidate]) -> None:
        """The tracker told of these; what is known of old ones is kept."""
        self._told = [candidate for candidate in told if candidate.peer_id != self._me]
        for candidate in self._told:
            old = self._known.get(candidate.peer_id)
            if old is not None and old.endpoint == candidate.endpoint:
                old.user = candidate.user
            else:
                self._add(candidate)

    def _add(self, candidate: Candidate) -> None:
        """Who stood at this endpoint before was an earlier run; who fails most makes room."""
        if candidate.endpoint.port:  # those without one can't be dialled, and are told apart by id
            for earlier in self._at(candidate.endpoint):
                del self._known[earlier.peer_id]
        self._known[candidate.peer_id] = candidate
        if len(self._known) > MAX_KNOWN:
            worst = max(self._known.values(), key=lambda known: known.failures)
            del self._known[worst.peer_id]

    def count(self) -> tuple[int, list[Obstacle]]:
        """How many the tracker told of last, and what keeps us from those who can't be reached.

        Once is not enough: a connection that ends counts as one failure, too.
        """
        present = [self._known.get(candidate.peer_id, candidate) for candidate in self._told]
        return len(present), [known.met for known in present if known.met is not None]

    def find(self, peer_id: PeerId, dialled: Endpoint | None) -> Candidate | None:
        """Whom the tracker meant: by the peer id, or by where we dialled it."""
        candidate = self._known.get(peer_id)
        if candidate is None and dialled is not None:
            candidate = next(iter(self._at(dialled)), None)
        return candidate

    def to_dial(self, connected: Iterable[PeerId], room: int, now: float) -> list[Endpoint]:
        """Up to `room` peers to dial now; they count as being dialled from here on."""
        taken = set(connected)
        chosen: list[Endpoint] = []
        for candidate in self._known.values():
            if len(chosen) >= room:
                break
            if (
                candidate.peer_id not in taken
                and not candidate.dialling
                and candidate.endpoint.port
                and candidate.not_before <= now
                and not self.is_banned(candidate.peer_id, candidate.endpoint)
            ):
                candidate.dialling = True
                chosen.append(candidate.endpoint)
        return chosen

    def connected(self, endpoint: Endpoint, now: float) -> None:
        """A dial ended in a connection."""
        for candidate in self._at(endpoint):
            candidate.dialling = False
            candidate.obstacle = None
            candidate.since = now

    def left(self, endpoint: Endpoint, now: float, *, useful: bool) -> None:
        """A connection has ended; unless it was `useful` or has lasted, that is a failure."""
        for candidate in self._at(endpoint):
            if useful or now - candidate.since >= LASTING:
                candidate.failures = 0
        self.failed(endpoint, now, Obstacle.LEFT)

    def forget(self, peer_id: PeerId) -> None:
        """The tracker doesn't know this peer any more: it is not to be dialled."""
        self._known.pop(peer_id, None)

    def failed(self, endpoint: Endpoint, now: float, obstacle: Obstacle | None = None) -> None:
        """A dial failed: leave that peer alone for a while.

        There is no obstacle where nothing is known to be wrong with the peer.
        """
        for candidate in self._at(endpoint):
            candidate.dialling = False
            candidate.obstacle = obstacle and obstacle.of(candidate.peer_id)
            pause = min(FIRST_PAUSE * 2**candidate.failures, LONGEST_PAUSE)
            candidate.failures = min(candidate.failures + 1, 10)
            candidate.not_before = now + pause

    def retry(self) -> None:
        """Dial everybody again at once, whatever happened before."""
        for candidate in self._known.values():
            candidate.failures = 0
            candidate.not_before = 0.0

    def ban(self, peer_id: PeerId, endpoint: Endpoint) -> None:
        """Never connect to this peer again, whoever dials."""
        self._banned.update((peer_id, endpoint))

    def is_banned(self, peer_id: PeerId, endpoint: Endpoint) -> bool:
        """Whether the peer was banned."""
        return peer_id in self._banned or endpoint in self._banned

    def _at(self, endpoint: Endpoint) -> list[Candidate]:
        return [c for c in self._known.values() if c.endpoint == endpoint]


def keeps_new_connection(*, me: PeerId, other: PeerId, incoming: bool) -> bool:
    """Which of two connections to the same peer stays: the one the higher peer id dialled.

    Both sides come to the same answer when they dial each other at the same time. `incoming`
    tells whether the new one was dialled by the other side.
    """
    dialler, dialled = (other, me) if incoming else (me, other)
    return dialler > dialled
