"""One peer's connection: a thread that reads and a thread that writes.

Neither ever waits for the other, so two peers that send to each other at full speed can't block
each other. The handler interprets what is read; `torrent.Torrent` is one.
"""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

import structlog

from client.core.bandwidth.throttle import BandwidthChannel
from client.core.bandwidth.upload_turns import Allowance
from client.core.protocol.burst import Burst
from client.core.protocol.message_cost import MessageBudget, Traffic
from client.core.protocol.peer_stream_decoder import PeerStreamDecoder
from client.core.protocol.run_queue import RunQueue
from client.core.protocol.sent_pieces import SentPieces
from client.net.peers.connection import PeerHandler
from client.net.transports.blocks import BlockSource
from client.net.transports.transport import Encryption, Transport
from common.types import Block, BlockRun, Endpoint
from common.wire.handshake import Handshake, client_name
from common.wire.messages import WireError

log = structlog.get_logger(__name__)

MAX_DEFERRED: Final = 1024
"""Bytes of messages that wait for the next ones."""

MAX_WAITING_CONTROL: Final = 4 * 1024 * 1024
"""Bytes of other messages that may wait for a peer that doesn't read."""


class PeerConnection:
    """A peer after the handshake.

    `key` identifies it to the swarm; `incoming`: it dialled us; `client` is its client's name.
    `user` is the member it belongs to, once known; `membership` is what it has proven, in a sealed
    group. While `channel` has a limit, only as many blocks are sent as `allow` permits.
    """

    def __init__(
        self,
        key: int,
        transport: Transport,
        endpoint: Endpoint,
        handshake: Handshake,
        handler: PeerHandler,
        source: BlockSource,
        channel: BandwidthChannel,
        *,
        incoming: bool,
    ) -> None:
        self.key = key
        self.endpoint = endpoint
        self.handshake = handshake
        self.incoming = incoming
        self.membership, self.route = transport.membership, transport.route
        self.user = self.membership.user if self.membership else None
        self.client = client_name(handshake.peer_id)
        self.decoder = PeerStreamDecoder(transport.staging)
        self.close_reason: str | None = None
        self.payload_sent = self._read_bytes = 0
        self._transport = transport
        self._handler = handler
        self._source = source
        self._channel = channel
        self._budget = MessageBudget(time.monotonic())
        self._closed = threading.Event()
        self._sent_pieces = SentPieces(source.piece_size)
        self._ready = threading.Condition()
        self._control: deque[bytes] = deque()
        self._control_size = 0
        self._deferred = b""  # messages for `send_later`
        self._blocks = RunQueue()
        self._burst = Burst(transport.most_blocks)
        self._allowed = 0  # how many of the blocks may be sent under a limit
        self._writing = False  # the writer is sending what it took
        name = f"peer {endpoint}"
        self._reader = threading.Thread(target=self._read, name=f"{name} reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name=f"{name} writer", daemon=True)

    @property
    def encryption(self) -> Encryption:
        """See Connection."""
        return self._transport.encryption

    @property
    def carried(self) -> int:
        """Payload bytes in both directions: how useful the connection was so far."""
        return self.decoder.payload + self.payload_sent

    def start(self) -> None:
        """Start to read and write, without a time limit."""
        self._transport.set_time_limit(None)
        self._writer.start()
        self._reader.start()

    def join(self, timeout: float) -> bool:
        """Wait until both threads have ended; returns False after `timeout` seconds."""
        self._reader.join(timeout)
        return not self._reader.is_alive()

    def close(self, reason: str) -> None:
        """Close the connection; returns at once. The first reason counts."""
        with self._ready:
            if self.close_reason is None:
                self.close_reason = reason
            self._ready.notify()
        self._closed.set()
        self._transport.close()

    # --- sending ----------------------------------------------------------------------------
    def send(self, data: bytes) -> None:
        """Send encoded messages, before any waiting block.

        While the writer is idle, they are sent from this thread: waking it would cost more.
        """
        with self._ready:
            data, self._deferred = self._deferred + data, b""
            if not (self._writing or self._control or self._sendable()):
                data = data[self._transport.send_at_once(data) :]
            if not data:
                return
            self._control.append(data)
            self._control_size += len(data)
            overfull = self._control_size > MAX_WAITING_CONTROL
            self._ready.notify()
        if overfull:
            self.close("does not read what is sent")

    def send_later(self, data: bytes) -> None:
        """See Connection."""
        with self._ready:
            self._deferred += data
            if len(self._deferred) < MAX_DEFERRED:
                return
        self.flush()

    def flush(self) -> None:
        """See Connection."""
        if self._deferred:
            self.send(b"")

    @property
    def waiting_blocks(self) -> int:
        """See UploadQueue."""
        return len(self._blocks)

    def send_blocks(self, runs: Sequence[BlockRun]) -> int:
        """See UploadQueue."""
        with self._ready:
            self._blocks.extend(runs)
            self._ready.notify()
            return len(self._blocks)

    def withdraw_block(self, block: Block) -> bool:
        """See UploadQueue."""
        with self._ready:
            return self._blocks.remove(block)

    @property
    def next_piece(self) -> int | None:
        """See UploadQueue."""
        with self._ready:
            return self._blocks.next_piece

    def withdraw_blocks(self, keep: int) -> list[BlockRun]:
        """See UploadQueue."""
        with self._ready:
            return self._blocks.take_all(keep)

    # --- under a rate limit -----------------------------------------------------------------
    @property
    def is_held_back(self) -> bool:
        """Whether blocks wait and the limit lets none pass; a slow reader is not held back."""
        with self._ready:
            return len(self._blocks) > 0 and not self._allowed

    def allow(self, blocks: int) -> Allowance:
        """See Connection."""
        with self._ready:
            first = self._allowed
            rest, another = self._blocks.rest_of_piece(first)
            count = min(blocks, rest)
            self._allowed = first + count
            self._ready.notify()
            size = self._blocks.size(first, self._allowed)
            return Allowance(count, size, ends_piece=another and count == rest)

    def _sendable(self) -> int:
        """Return how many of the waiting blocks may be sent; called under the lock."""
        waiting = len(self._blocks)
        return min(waiting, self._allowed) if self._channel.limited else waiting

    # --- threads ----------------------------------------------------------------------------
    def _read(self) -> None:
        decoder, handler = self.decoder, self._handler
        reason = "closed by the peer"
        try:
            while count := self._transport.receive(decoder.buffers()):
                events = decoder.advance(count)
                handler.on_received(self, events, count)
                self._read_bytes += count
                pause = self._budget.charge(events, self._traffic(), time.monotonic())
                if pause:  # it sends more than it is worth; no other connection waits
                    self._closed.wait(pause)
        except WireError as error:
            reason = f"violated the protocol: {error}"
        except OSError as error:
            reason = f"connection lost: {error.strerror or error}"
        except Exception:
            reason = "internal error"
            log.exception("peer reader failed", peer=str(self.endpoint))
        finally:
            self.close(reason)
            self._writer.join()
            self._transport.release()
            self._source.doubt(self._sent_pieces.last_whole())
            handler.on_closed(self)

    def _traffic(self) -> Traffic:
        return Traffic(
            read=self._read_bytes,
            payload=self.decoder.payload,
            sent=self.payload_sent,
            discarded=self.decoder.discarded,
            overhead=self._transport.overhead,
        )

    def _write(self) -> None:
        reason = ""
        try:
            while (work := self._next_work()) is not None:
                self._send_work(*work)
        except OSError as error:
            reason = f"connection lost: {error.strerror or error}"
            if isinstance(error, BlockingIOError | TimeoutError):
                reason = "reads nothing of what is sent"
            if error.errno == errno.EFAULT:  # the memory-mapped file got shorter
                self._source.on_content_lost()
        except Exception:
            reason = "internal error"
            log.exception("peer writer failed", peer=str(self.endpoint))
        finally:
            self.close(reason)

    def _next_work(self) -> tuple[bytes, list[BlockRun]] | None:
        """Wait for something to send; None when the connection is closing."""
        with self._ready:
            self._writing = False
            while not (self._control or self._sendable()) and self.close_reason is None:
                self._ready.wait()
            if self.close_reason is not None:
                return None
            self._writing = True
            control = b"".join(self._control)
            self._control.clear()
            self._control_size = 0
            runs = self._blocks.take_burst(min(self._burst.size, self._sendable()))
            self._allowed = max(0, self._allowed - sum(run.count for run in runs))
            return control, runs

    def _send_work(self, control: bytes, runs: list[BlockRun]) -> None:
        if not runs:
            self._transport.send([control])
            return
        suspected = self._sent_pieces.take_suspects(runs)
        if suspected:
            self._source.doubt(suspected)
        began = time.monotonic()
        self._transport.send_blocks(control, runs, self._source)
        self._burst.took(sum(run.count for run in runs), time.monotonic() - began)
        self._sent_pieces.record(runs)
        size = sum(run.length for run in runs)
        self.payload_sent += size
        self._handler.on_sent(self, size)
