"""The state of one connected peer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol

from client.core.swarm.piece_download import PieceDownload
from client.core.swarm.rate import RateMeter
from client.core.swarm.swarm_config import SwarmConfig
from common.bitfield import Bitfield
from common.types import BLOCK_SIZE, Block, BlockRun

MAX_SUGGESTED: Final = 256
"""Suggestions of a peer that we remember, the latest."""


CREDIT: Final = 4
"""Pieces that a peer gets before it must give us anything."""

STINGY: Final = 16
"""A peer that gives less than this fraction of what it gets gives nothing."""


class IncomingStream(Protocol):
    """What a peer sends; `payload` counts the received bytes of blocks that we requested."""

    payload: int

    @property
    def outstanding(self) -> int:
        """How many requested blocks have not arrived."""

    def expect(self, download: PieceDownload, numbers: range) -> None:
        """Expect these adjacent blocks of a piece, which are about to be requested."""

    def withdraw(self, piece: int, begin: int) -> PieceDownload | None:
        """Stop expecting a requested block; returns its piece, or None if it wasn't expected."""

    def forget(self) -> None:
        """Stop expecting everything that was requested."""


class UploadQueue(Protocol):
    """A peer's requests that wait for an answer; some may be answered at any moment."""

    @property
    def waiting_blocks(self) -> int:
        """How many blocks are queued."""

    def send_blocks(self, runs: Sequence[BlockRun]) -> int:
        """Queue these blocks for sending; returns how many are waiting now."""

    def withdraw_block(self, block: Block) -> bool:
        """Drop a block from the queue; returns False when it was sent already or is unknown."""

    @property
    def next_piece(self) -> int | None:
        """The piece of the block that is sent next; None when none is waiting."""

    def withdraw_blocks(self, keep: int) -> list[BlockRun]:
        """Drop the queue; returns the dropped blocks.

        The rest of a piece that is being sent stays if it has at most `keep` blocks.
        """


class Peer:
    """One connection's state: the four booleans of BEP 3, its pieces, our requests to it."""

    __slots__ = (
        "am_choking",
        "am_interested",
        "announced_pieces",
        "block_at",
        "cancelled",
        "client",
        "confirmed",
        "down",
        "downloads",
        "fast",
        "had_turn",
        "has",
        "has_all",
        "is_mapped",
        "joined_at",
        "key",
        "max_requests",
        "metadata_number",
        "metadata_sent",
        "metadata_wanted",
        "optimistic",
        "peer_choking",
        "peer_interested",
        "presumed_interested",
        "received_at",
        "snubbed",
        "stream",
        "suggested",
        "takes",
        "up",
        "uploads",
        "used_slot_at",
        "wanted",
    )

    def __init__(
        self,
        key: int,
        pieces: int,
        stream: IncomingStream,
        uploads: UploadQueue,
        *,
        fast: bool,
        now: float,
    ) -> None:
        self.key = key
        self.stream, self.uploads = stream, uploads
        self.fast = fast  # both sides support BEP 6
        self.has = Bitfield(pieces)
        self.has_all = False  # it announced everything at once, so the picker doesn't count it
        self.announced_pieces = False  # received its bitfield, have-all or have-none
        self.am_choking = True  # we don't answer its requests
        self.am_interested = False  # it has pieces that we want
        self.peer_choking = True  # it doesn't answer our requests
        self.peer_interested = False  # it wants pieces that we have
        self.presumed_interested = False  # it has not said so yet, and will
        self.confirmed = False  # known to be a member: we may serve it
        self.optimistic = False  # unchoked as a trial
        self.had_turn = False  # was unchoked before
        self.wanted = 0  # pieces it has that we lack
        self.downloads: dict[int, PieceDownload] = {}  # pieces it sends, by index
        self.cancelled: list[PieceDownload] = []  # its reader still holds their buffers
        self.suggested: OrderedDict[int, None] = OrderedDict()  # pieces it suggests to request
        self.takes = self.snubbed = False  # see `settle`; has sent nothing for too long
        self.max_requests: int | None = None  # how many requests it accepts, if it said (BEP 10)
        self.client = ""  # the client name it sent, if any
        self.is_mapped = False  # a router maps the port at which it is dialled
        self.metadata_number: int | None = None  # its message number for ut_metadata (BEP 9)
        self.metadata_wanted: list[int] = []  # pieces it asked for before it was confirmed
        self.metadata_sent = 0  # pieces of the info dictionary
        self.joined_at = now
        self.received_at = now  # when its last message arrived
        self.block_at = now  # when it last sent a block, or we first requested one
        self.used_slot_at = now  # when it was last served or waited for it
        self.down, self.up = RateMeter(now), RateMeter(now)  # payload it sends, and is sent

    @property
    def wants(self) -> bool:
        """Whether it is interested in our pieces, as far as we know."""
        return self.peer_interested or self.presumed_interested

    @property
    def owes(self) -> bool:
        """Whether blocks that we requested from it have not arrived."""
        if not self.downloads:
            return False  # most often, and quickly
        return any(download.outstanding for download in self.downloads.values())

    def has_stalled(self, config: SwarmConfig, now: float) -> bool:
        """Return whether it owes blocks and has sent none for some time.

        What waits in its queue is better requested from a peer that idles.
        """
        return now - self.block_at > config.stalled_after and self.owes

    def settle(self, piece_length: int) -> None:
        """Decide whether it `takes`: call it once a round of choking, while we download.

        It does if it was given a few pieces, and gives us nothing although it has what we lack. A
        peer that has nothing for us yet can't give, and one that gives little sends little.
        """
        if self.up.total <= CREDIT * piece_length or self.down.total * STINGY >= self.up.total:
            self.takes = False
        elif self.wanted and self.peer_choking:
            self.takes = True

    def remember_suggested(self, piece: int) -> None:
        """Remember that it suggests to request this piece (BEP 6)."""
        self.suggested[piece] = None
        if len(self.suggested) > MAX_SUGGESTED:
            self.suggested.popitem(last=False)

    def window(self, config: SwarmConfig, now: float) -> int:
        """Return how many requests to keep in flight: about what it sends in a few seconds.

        Before its rate is known, that is a few plus one for each block received, so that the
        window doubles with each round trip. A slow peer must not hold many pieces: others would
        deliver them sooner.
        """
        if now - self.joined_at < config.window_seconds:
            wanted = config.initial_window + self.down.total // BLOCK_SIZE
        else:
            wanted = int(self.down.rate * config.window_seconds / BLOCK_SIZE)
            wanted = max(config.min_window, wanted)
        allowed = self.max_requests or config.default_max_requests
        return min(wanted, config.max_window, allowed)

    def ahead(self, config: SwarmConfig, now: float) -> int:
        """Return with how many requests in flight another piece may be begun.

        Fewer than the window: what waits behind another piece can't be passed on any sooner, and
        somebody else might send it in the meantime. But enough that the peer never idles, whatever
        the line's delay.
        """
        if now - self.joined_at < config.window_seconds:
            return config.max_window  # its rate is not known yet
        return max(config.min_ahead, int(self.down.rate * config.ahead_seconds / BLOCK_SIZE))
