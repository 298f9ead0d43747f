"""Peers that a tracker lists."""

from __future__ import annotations

from client.core.admission.candidates import PeerCandidate
from tests.support.fakes.connections import PEER
from tests.support.fakes.torrents import PEER_AT, TorrentBench

BOB = PeerCandidate(PEER_AT, PEER, "bob")


def learn(bench: TorrentBench, *candidates: PeerCandidate) -> None:
    bench.torrent.learn(
        [PeerCandidate(c.endpoint, c.peer_id, c.user, silent=c.silent) for c in candidates]
    )
