"""Takes snapshots of transfers for client.core.health.diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from client.core.bandwidth.throttle import BandwidthChannel
from client.core.health.diagnosis import Certificate, Snapshot
from client.core.health.measurements import Reach
from client.core.swarm.peer import Peer
from client.membership.credentials import Credentials
from client.net.tracker.port_check import OwnPort
from client.net.tracker.tracker_client import TrackerClient
from client.torrent.torrent import Torrent
from client.transfers.transfer import Transfer
from common.errors import MinitorrentError
from common.types import PieceIndex


class Snapshots:
    """Takes snapshots of the transfers of one client.

    `clock` returns the seconds that rates are measured by.
    """

    def __init__(
        self,
        tracker_client: TrackerClient,
        credentials: Credentials,
        clock: Callable[[], float],
        port: OwnPort,
    ) -> None:
        self._tracker_client = tracker_client
        self._credentials = credentials
        self._clock = clock
        self._port = port

    def take(self, transfer: Transfer) -> Snapshot:
        """Return the state of a transfer at this moment."""
        record, error, place = transfer.record, transfer.error, transfer.place
        torrent = transfer.torrent
        peers = [peer for _, peer in torrent.peers()] if torrent else []
        known, obstacles = torrent.reachability() if torrent else (0, [])
        throttle = transfer.throttle
        channel, rates = throttle.down, [peer.down.rate for peer in peers]
        if record.complete:
            channel, rates = throttle.up, [peer.up.rate for peer in peers]
        limit = self._limit(channel)
        return Snapshot(
            group=record.group,
            name=record.name,
            state=transfer.state.value,
            error=error.code if error else None,
            message=error.message if error else "",
            waits_for_space=transfer.waits_for_space,
            ahead=place[0] - 1 if place else None,
            certificate=self._certificate(transfer),
            skew=self._tracker_client.clock_difference,
            tracker=self._tracker_client.state == "connected",
            port_reachable=bool(peers) or torrent is None or self._is_port_reachable(),
            known=known,
            obstacles=tuple(obstacles),
            liars=torrent.liars() if torrent else (),
            connected=len(peers),
            useful=sum(peer.wanted > 0 for peer in peers),
            willing=sum(peer.wanted > 0 and not peer.peer_choking for peer in peers),
            missing_pieces=_missing_pieces(transfer, torrent, peers) if torrent else 0,
            waiting_pieces=torrent.writing if torrent else 0,
            rate=sum(rates),
            limit=limit,
            limit_is_own=limit is not None and limit == channel.own.rate,
        )

    def _certificate(self, transfer: Transfer) -> Certificate:
        if transfer.metainfo.authority is None:
            return "not needed"
        return self._credentials.certificate(transfer.record.group)

    def _is_port_reachable(self) -> bool:
        """Return the tracker's answer; True when no tracker can tell."""
        if self._tracker_client.state != "connected":
            return True
        try:
            return self._port.dialled_by_tracker(self._tracker_client).reach is Reach.HERE
        except MinitorrentError:
            return True

    def _limit(self, channel: BandwidthChannel) -> int | None:
        return channel.rate if channel.is_holding(self._clock()) else None


def _missing_pieces(transfer: Transfer, torrent: Torrent, peers: Sequence[Peer]) -> int:
    """Return how many wanted pieces neither this client nor any of its peers has."""
    lacking = transfer.storage.selection.lacking(torrent.have())
    return sum(not any(peer.has[PieceIndex(piece)] for peer in peers) for piece in lacking)
