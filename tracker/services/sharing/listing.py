"""The peers of a file as clients of this project are told of them."""

from __future__ import annotations

from common.api import presence as api
from common.types import Endpoint, InfoHash
from tracker.domain.selection import Peer
from tracker.domain.whereabouts import others_for
from tracker.services.caller import Identity
from tracker.services.sharing.reachability import Reachability
from tracker.services.sharing.swarms import Answer, Swarms, Wish
from tracker.store.presence.presence import PresenceReader
from tracker.store.records import File


class Listings:
    """Lists peers, with what each client may know of them."""

    def __init__(self, swarms: Swarms, reachability: Reachability) -> None:
        self._swarms = swarms
        self._reachability = reachability

    def of(self, info_hash: InfoHash, answer: Answer, host: str) -> api.FilePresence:
        """Return the answer for one file to a client that comes from `host`."""
        return api.FilePresence(
            info_hash=info_hash.hex(),
            complete=answer.seeders,
            incomplete=answer.leechers,
            peers=[self._row(peer, host) for peer in answer.peers],
        )

    def ahead(
        self, view: PresenceReader, me: Identity, file: File, numwant: int, now: float
    ) -> api.FilePresence | None:
        """Return what a member's announce of a file that it lacks would be answered with.

        None if it wants no peers, and over HTTP: only who has a session announces.
        """
        if not (numwant and me.connection_id):
            return None
        asker = Peer(me.user_id, me.user, me.peer_id, me.address, me.port, file.size)
        wish = Wish(file.id, asker, min(numwant, api.MAX_NUMWANT), with_seeders=True)
        (answer,) = self._swarms.answer(view, [wish], now)
        return self.of(InfoHash(file.info_hash), answer, me.address)

    def _row(self, peer: Peer, host: str) -> api.PeerRow:
        """Return a peer as a client that comes from `host` may know it."""
        return api.PeerRow(
            host=peer.host,
            port=peer.port,
            peer_id=peer.peer_id.hex(),
            user=peer.user,
            others=[api.Address(host=one.host, port=one.port) for one in others_for(peer, host)],
            silent=self._reachability.is_silent(Endpoint(peer.host, peer.port)),
        )
