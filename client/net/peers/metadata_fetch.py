"""Fetches an info dictionary from the peers in a magnet link (BEP 9), within a time limit.

All of them are asked at once, each for the whole and in its own thread; the first correct answer
wins.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from client.core.protocol.metadata_download import MetadataDownload
from client.core.protocol.peer_stream_decoder import MessageReceived, PeerStreamDecoder
from client.net.peers.handshaking import TIME_LIMIT as HANDSHAKE_TIME
from client.net.peers.handshaking import shake_hands
from client.net.transports.transport import PlainTransport
from common.errors import ErrorCode, MinitorrentError
from common.magnet import Magnet
from common.types import Endpoint, PeerId
from common.wire.codec import encode
from common.wire.messages import Extended, HaveNone, WireError

log = structlog.get_logger(__name__)

TIME_LIMIT: Final = 20.0
"""Seconds for all peers of a link together."""

Introduce = Callable[[str], Extended]
"""Returns our extension handshake for a peer at this host (BEP 10)."""


def fetch_metadata(
    magnet: Magnet, peer_id: PeerId, introduce: Introduce, time_limit: float = TIME_LIMIT
) -> bytes:
    """Return the bencoded info dictionary with the right hash, within `time_limit` seconds.

    Raises MinitorrentError(no_peers) when none of the link's peers sends it.
    """
    return _Inquiry(magnet, peer_id, introduce, time_limit).run()


class _Inquiry:
    """Asks the peers of one magnet link."""

    def __init__(
        self, magnet: Magnet, peer_id: PeerId, introduce: Introduce, time_limit: float
    ) -> None:
        self._magnet = magnet
        self._peer_id = peer_id
        self._introduce = introduce
        self._until = time.monotonic() + time_limit
        self._answers: queue.Queue[bytes | None] = queue.Queue()
        self._lock = threading.Lock()
        self._transports: set[PlainTransport] = set()
        self._over = False

    def run(self) -> bytes:
        for peer in self._magnet.peers:
            name = f"metadata of {peer}"
            threading.Thread(target=self._ask, args=(peer,), name=name, daemon=True).start()
        try:
            for _ in self._magnet.peers:
                info = self._answers.get(timeout=self._left())
                if info is not None:
                    return info
        except queue.Empty:
            log.info("no metadata in time")
        finally:
            self._end()
        raise MinitorrentError(
            ErrorCode.NO_PEERS,
            "This magnet link belongs to none of your groups, and none of its peers sent the "
            "metainfo; ask for the metainfo file.",
        )

    def _left(self) -> float:
        """Return the seconds left; never 0, which would mean not to block, or to wait forever."""
        return max(0.01, self._until - time.monotonic())

    def _end(self) -> None:
        with self._lock:
            self._over = True
            for transport in self._transports:
                transport.close()

    # --- a peer's thread --------------------------------------------------------------------
    def _ask(self, peer: Endpoint) -> None:
        info = None
        try:
            info = self._connect(peer)
        except (OSError, WireError) as error:
            log.info("no metadata from a peer", peer=str(peer), error=str(error))
        except Exception:
            log.exception("asking for metadata failed", peer=str(peer))
        finally:
            self._answers.put(info)

    def _connect(self, peer: Endpoint) -> bytes | None:
        """Return the info dictionary that this peer sends; None if another was faster."""
        sock = socket.create_connection(peer, min(HANDSHAKE_TIME, self._left()))
        transport = PlainTransport(sock)
        with self._lock:
            self._transports.add(transport)
            over = self._over
        try:
            return None if over else self._converse(transport, peer)
        finally:
            with self._lock:
                self._transports.discard(transport)
            transport.release()

    def _converse(self, transport: PlainTransport, peer: Endpoint) -> bytes:
        theirs = shake_hands(transport, self._magnet.info_hash, self._peer_id)
        if not theirs.extended:
            raise WireError("supports no extension messages")
        transport.set_time_limit(self._left())
        greeting: list[bytes | memoryview] = [encode(self._introduce(peer.host))]
        if theirs.fast:
            greeting.append(encode(HaveNone()))  # BEP 6 wants a message about our pieces
        transport.send(greeting)
        decoder, download = PeerStreamDecoder(), MetadataDownload(self._magnet.info_hash)
        while download.info is None:
            count = transport.receive(decoder.buffers())
            if not count:
                raise WireError("closed before its metadata was complete")
            for event in decoder.advance(count):
                if isinstance(event, MessageReceived) and isinstance(event.message, Extended):
                    replies = download.receive(event.message)
                    transport.send([encode(reply) for reply in replies])
        return download.info
