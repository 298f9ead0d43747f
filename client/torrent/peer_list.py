"""The peers of one torrent: connected ones, candidates to dial, and banned ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from client.core.admission.candidates import Candidates, PeerCandidate, keeps_new_connection
from client.core.admission.crowding import MAX_CLOSING, Held, Verdict, judge
from client.core.admission.obstacle import Obstacle
from client.core.admission.party import Address, Party, network
from client.core.admission.route import Route
from client.core.swarm.swarm_config import SwarmConfig
from client.net.peers.connection import Connection
from client.net.transports.group_tls import GroupTls
from client.torrent.ban_list import BanList, party_of
from client.torrent.connection_slots import ConnectionSlots
from common.types import Endpoint, PeerId

log = structlog.get_logger(__name__)

MAX_LIARS: Final = 8
"""Peers of a torrent listed by name for sending wrong pieces."""

_RENEWAL_ATTEMPTS: Final = 4
"""How often a connection can be dialled again before its certificates expire."""


class PeerList:
    """A torrent's connections by key, and its candidates; used under the torrent's lock.

    `me` is our own peer id, `group_tls` that of a sealed group; all torrents of this client share
    `ban_list`.
    """

    def __init__(
        self, me: PeerId, config: SwarmConfig, ban_list: BanList, group_tls: GroupTls | None = None
    ) -> None:
        self.connections: dict[int, Connection] = {}
        self._me = me
        self._config = config
        self._ban_list = ban_list
        self._group_tls = group_tls
        self._keys = itertools.count(1)
        self._candidates = Candidates(me)
        self._renew_at: dict[int, float] = {}  # when to dial again, by a connection's key
        self._parties: dict[int, tuple[Party, Endpoint]] = {}  # by key, of ended ones too
        self.liars: dict[str, None] = {}  # peers that sent wrong pieces, in order, for display
        self.sources: set[str] = set()  # peers that sent whole pieces, by user and address
        self._givers: set[int] = set()  # connections counted among them

    # --- connections ------------------------------------------------------------------------
    def next_key(self) -> int:
        """Return a key for a new connection."""
        return next(self._keys)

    def wants(self, new: Connection) -> bool:
        """Return whether to keep a peer after its handshake; may close an older connection."""
        if new.handshake.peer_id == self._me or self._ban_list.refuses(self.party(new)):
            return False
        if not self.accepts(new):
            log.info("peer refused", peer=str(new.endpoint), reason="proves no membership")
            return False
        for old in self.connections.values():
            if _is_same(new, old) and old.close_reason is None:
                if not self._may_join(new, old):
                    return False
                if self._gives_way(old, new):
                    old.close("replaced by a second connection")
        return self.judge_slot(new).admitted

    def party(self, connection: Connection) -> Party:
        """Return the party that is responsible for a connection."""
        listed = None
        if not connection.incoming:
            listed = self._candidates.listed_at(connection.endpoint, connection.handshake.peer_id)
        user = listed.user if listed else None
        return party_of(connection.endpoint.host, connection.membership, user)

    def slot_owner(self, connection: Connection) -> Party:
        """Return whose slot a connection takes.

        That is a login, a member, or all unidentified peers at an address.
        """
        party = self.party(connection)
        if isinstance(party, Address) and party.user is None:
            return Address(party.network, connection.user)
        return party

    def take_slot(self, new: Connection, connection_slots: ConnectionSlots) -> bool:
        """Take a slot here and one of the client's, for which other connections may be closed.

        Returns False when there is none.
        """
        verdict = self.judge_slot(new)
        if not (verdict.admitted and connection_slots.take(new, self.slot_owner(new))):
            return False
        if verdict.displaced is not None:
            verdict.displaced.close("others need its place")
        return True

    def judge_slot(self, new: Connection) -> Verdict[Connection]:
        """Decide whether one more connection fits, and which one has to go for it."""
        owner = self.slot_owner(new)
        held = [
            Held(old, self.slot_owner(old), old.carried)
            for old in self.connections.values()
            if old.close_reason is None and old is not new
        ]
        # Several members may share an address.
        is_unidentified = isinstance(owner, Address) and owner.user is None
        most_each = self._config.max_connections_each * (2 if is_unidentified else 1)
        if len(self.connections) > self._config.connections + MAX_CLOSING:
            return Verdict(admitted=False)
        return judge(held, owner, self._config.connections, most_each)

    def _may_join(self, new: Connection, old: Connection) -> bool:
        """Return whether a second connection to a peer is allowed, briefly or as a replacement."""
        if new.membership is not None or old.membership is not None:
            return self._gives_way(old, new)
        # Only the side that dialled a peer knows where it is. So in an open group each side drops
        # an incoming connection for one that it dialled, if its own peer id is the higher, and
        # nothing else: an impostor with the same peer id displaces nobody.
        return not (new.incoming and not old.incoming and self._our_dial_wins(new))

    def _gives_way(self, old: Connection, new: Connection) -> bool:
        """Return whether the new of two connections to a peer wins; both sides decide the same."""
        if _is_relayed(old) != _is_relayed(new):
            return _is_relayed(old)
        if new.membership is None or old.membership is None:
            return old.incoming and not new.incoming and self._our_dial_wins(new)
        if new.incoming == old.incoming:  # the new one was made with the next certificates
            return new.membership.expires_at > old.membership.expires_at
        peer_id = new.handshake.peer_id
        return keeps_new_connection(me=self._me, other=peer_id, incoming=new.incoming)

    def _our_dial_wins(self, connection: Connection) -> bool:
        """Return whether, of two connections that cross, the one that we dialled stays."""
        return self._me > connection.handshake.peer_id

    # --- members only -----------------------------------------------------------------------
    def accepts(self, connection: Connection) -> bool:
        """Return whether the group accepts a connection: a sealed one needs an accepted member.

        A sealed group's torrents are never exchanged in plain text.
        """
        if self._group_tls is None:
            return connection.membership is None
        membership = connection.membership
        return membership is not None and self._group_tls.accepts(membership)

    def disconnect_unaccepted(self) -> None:
        """In a sealed group, cut off removed members and peers with an expired certificate.

        `accepts` refuses them from now on.
        """
        for connection in self.connections.values():
            if connection.close_reason is None and not self.accepts(connection):
                connection.close("its certificate has expired, or it was removed from the group")

    def disconnect_user(self, user: str) -> None:
        """In an open group, cut off a removed member; in a sealed one, certificates do that."""
        if self._group_tls is not None:
            return
        self._candidates.forget_user(user)
        for connection in self.connections.values():
            if connection.user == user:
                connection.close("it was removed from the group")

    # --- the list ---------------------------------------------------------------------------
    def add(self, connection: Connection, now: float) -> None:
        """Add a connection; its party is kept, as it may have to be banned after the end."""
        if not connection.incoming:
            self._candidates.connected(connection.endpoint, now)
        self.connections[connection.key] = connection
        self._parties[connection.key] = self.party(connection), connection.endpoint
        if len(self._parties) > self._config.remembered_parties:
            del self._parties[next(iter(self._parties))]

    def add_source(self, connection: Connection) -> None:
        """Record that a whole piece arrived over this connection."""
        if connection.key not in self._givers:  # it is called for each piece
            self._givers.add(connection.key)
            self.sources.add(f"{connection.user} at {network(connection.endpoint.host)}")

    def remove(self, connection: Connection, now: float) -> None:
        """Remove a connection that has ended."""
        self.connections.pop(connection.key, None)
        self._renew_at.pop(connection.key, None)
        self._givers.discard(connection.key)
        if not connection.incoming:
            useful = connection.decoder.payload > 0
            self._candidates.left(connection.endpoint, now, useful=useful)

    def ban(self, key: int, reason: str) -> None:
        """Ban the party behind a connection, which may have ended."""
        if key not in self._parties:
            return
        party, endpoint = self._parties[key]
        if len(self.liars) < MAX_LIARS:
            self.liars[f"{party.user} at {endpoint}" if party.user else str(endpoint)] = None
        if self._ban_list.ban(party):
            log.warning("peer banned", peer=str(endpoint), reason=reason)
        if key in self.connections:
            self.connections[key].close(f"banned: {reason}")
        for other in self.connections.values():
            if other.close_reason is None and self._shares_ban(other):
                other.close(f"banned: another of its connections {reason}")

    def _shares_ban(self, connection: Connection) -> bool:
        """Return whether a ban closes this connection; one that has sent payload may stay.

        Users may share an address. If it stays wrongly, its own pieces will show that.
        """
        if not self._ban_list.refuses(self.party(connection)):
            return False
        return connection.membership is not None or not connection.decoder.payload

    # --- identities -------------------------------------------------------------------------
    def learn(self, listed: Sequence[PeerCandidate]) -> list[Connection]:
        """Take the tracker's peers; returns connections whose peers are identified by that."""
        self._candidates.learn(listed)
        return [c for c in self.connections.values() if self.recognise(c)]

    def recognise(self, connection: Connection) -> bool:
        """Identify a peer by the tracker's last answer; True when it is newly identified.

        Either we dialled the listed endpoint, or the peer has both the address and the peer id
        that the tracker listed last. Neither alone is enough.
        """
        if connection.user is not None:
            return False
        peer_id, endpoint = connection.handshake.peer_id, connection.endpoint
        if connection.incoming:
            connection.user = self._candidates.listed_user(peer_id, endpoint.host)
        else:
            candidate = self._candidates.listed_at(endpoint, peer_id)
            connection.user = candidate.user if candidate else None
        return connection.user is not None

    def identified(self, connection: Connection, user: str | None, *, is_member: bool) -> bool:
        """Take the tracker's verdict on an incoming peer; returns whether the connection stays."""
        peer_id, host = connection.handshake.peer_id, connection.endpoint.host
        if not is_member:  # overrides what the tracker said before
            self._candidates.forget(peer_id, host)
            connection.close("not known to the tracker as a member")
            return False
        if user is not None:
            self._candidates.remember_user(peer_id, host, user)
        return self._name(connection, user)

    def remember(self, connection: Connection) -> bool:
        """Identify a peer by earlier answers of the tracker, while no tracker can be asked."""
        peer_id, host = connection.handshake.peer_id, connection.endpoint.host
        user = self._candidates.remembered_user(peer_id, host)
        return user is not None and self._name(connection, user)

    def _name(self, connection: Connection, user: str | None) -> bool:
        """Set the user of an unidentified peer.

        Closes the connection, and returns False, when that user now has too many.
        """
        connection.user = user
        if self.judge_slot(connection).admitted:
            return True
        connection.close("too many connections of one member")
        return False

    def forget_candidates(self) -> None:
        """Forget candidates after the tracker was away: members may have been removed meanwhile."""
        if self._group_tls is None:
            self._candidates.forget_all()

    # --- dialling ---------------------------------------------------------------------------
    def reachability(self) -> tuple[int, list[Obstacle]]:
        """See Candidates.reachability."""
        return self._candidates.reachability()

    @property
    def last_dial_failed(self) -> bool:
        """See Candidates.last_dial_failed."""
        return self._candidates.last_dial_failed

    def to_dial(self, now: float, *, complete: bool = False) -> Sequence[Endpoint]:
        """Return the endpoints to dial; each ends in a connection or in `dial_failed`.

        A `complete` torrent need not dial every peer: downloaders will dial it.
        """
        slots = self._config.connections - len(self.connections)
        is_taken = self._taken(complete=complete)
        return [*self._candidates.to_dial(is_taken, slots, now), *self._to_renew(now)]

    def _taken(self, *, complete: bool) -> Callable[[PeerCandidate], bool]:
        """Return a predicate for candidates that are connected or banned, and so not dialled.

        In an open group a peer that dialled us may be an impostor until it has sent payload, so
        it doesn't keep us from dialling a peer whose pieces we want. Nor does one that is relayed.
        """
        direct = [c for c in self.connections.values() if not _is_relayed(c)]
        dialled = {c.endpoint for c in direct if not c.incoming}
        clients = {(c.endpoint, c.handshake.peer_id) for c in direct if not c.incoming}
        dialled_us = {
            (c.handshake.peer_id, c.user if c.membership else c.endpoint.host)
            for c in direct
            if c.incoming and (c.membership or complete or c.decoder.payload)
        }
        authority = self._group_tls.authority if self._group_tls else None

        def is_taken(candidate: PeerCandidate) -> bool:
            peer_id, addresses = candidate.peer_id, (candidate.endpoint, *candidate.others)
            bearers = [candidate.user] if self._group_tls else [one.host for one in addresses]
            if candidate.endpoint in dialled or any((peer_id, b) in dialled_us for b in bearers):
                return True
            if any((one, peer_id) in clients for one in candidate.others):
                return True
            if authority is not None:
                return self._ban_list.refuses_member(authority, candidate.user)
            return self._ban_list.refuses(Address(candidate.network, candidate.user))

        return is_taken

    def _to_renew(self, now: float) -> list[Endpoint]:
        """Return endpoints to dial again because our connection's certificates expire soon.

        With new certificates on both sides, the second connection lasts longer and replaces the
        first one before that has to be closed.
        """
        chosen = []
        for connection in self.connections.values():
            membership = connection.membership
            if membership is None or connection.incoming or connection.close_reason is not None:
                continue
            margin = membership.group_tls.renewal_margin
            due = membership.group_tls.time_left(membership) <= margin
            if due and self._renew_at.get(connection.key, now) <= now:
                self._renew_at[connection.key] = now + margin / _RENEWAL_ATTEMPTS
                chosen.append(connection.endpoint)
        return chosen

    def dial_failed(self, endpoint: Endpoint, now: float, obstacle: Obstacle | None) -> None:
        """Record a failed dial; without an obstacle, that was not the peer's fault."""
        if not self._has_dialled(endpoint):  # by another way, meanwhile
            self._candidates.failed(endpoint, now, obstacle)

    def not_met(self, endpoint: Endpoint, obstacle: Obstacle | None) -> None:
        """Record that a rendezvous failed; without an obstacle, that was not the peer's fault."""
        if obstacle and obstacle.is_unmet and not self._has_dialled(endpoint):
            self._candidates.not_met(endpoint, obstacle)

    def candidate_at(self, endpoint: Endpoint) -> PeerCandidate | None:
        """See Candidates.at."""
        return self._candidates.at(endpoint)

    def _has_dialled(self, endpoint: Endpoint) -> bool:
        direct = [c for c in self.connections.values() if not _is_relayed(c)]
        return any(not one.incoming and one.endpoint == endpoint for one in direct)

    def has_relayed(self, peer_id: PeerId) -> bool:
        """Return whether a peer is connected over a relay."""
        connected = self.connections.values()
        return any(_is_relayed(one) and one.handshake.peer_id == peer_id for one in connected)


def _is_relayed(connection: Connection) -> bool:
    return connection.route is Route.RELAYED


def _is_same(one: Connection, other: Connection) -> bool:
    """Return whether two connections lead to the same peer: same id, same login or address."""
    return one.handshake.peer_id == other.handshake.peer_id and _bearer(one) == _bearer(other)


def _bearer(connection: Connection) -> str:
    return connection.membership.holder if connection.membership else connection.endpoint.host
