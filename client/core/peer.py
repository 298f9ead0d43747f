"""What a torrent knows of one connected peer."""

from __future__ import annotations

from typing import Protocol

from client.core.piece_download import PieceDownload
from client.core.rate import RateMeter
from client.core.swarm_config import SwarmConfig
from common.bitfield import Bitfield
from common.types import BLOCK_SIZE, Block


class IncomingStream(Protocol):
    """What a peer sends; `payload` counts the block bytes that came of those we asked for."""

    payload: int

    @property
    def outstanding(self) -> int:
        """How many requested blocks have not come."""

    def expect(self, download: PieceDownload, numbers: list[int]) -> None:
        """These blocks of the piece are about to be requested, in this order."""

    def withdraw(self, piece: int, begin: int) -> PieceDownload | None:
        """A requested block will not come; returns its piece if it was expected."""

    def forget(self) -> None:
        """Nothing that was requested will come."""


class UploadQueue(Protocol):
    """The requests of a peer that wait for an answer; some may be answered at any moment."""

    def send_blocks(self, blocks: list[Block]) -> int:
        """Answer these, too; returns how many wait now."""

    def withdraw_block(self, block: Block) -> bool:
        """Don't answer this one after all; False when it is answered or unknown."""

    def withdraw_blocks(self) -> list[Block]:
        """Answer none; returns those that waited."""


class Peer:
    """One connection's state: the four booleans of BEP 3, what it has, what it owes us."""

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
        self.stream = stream
        self.uploads = uploads
        self.fast = fast
        self.has = Bitfield(pieces)
        self.has_all = False
        self.told_pieces = False  # its bitfield, have-all or have-none came
        self.am_choking = True  # we don't answer its requests
        self.am_interested = False  # it has something that we want
        self.peer_choking = True  # it doesn't answer ours
        self.peer_interested = False  # it wants something from us
        self.confirmed = False  # we may serve it: it is known to be a member
        self.optimistic = False  # unchoked to be tried
        self.had_turn = False  # was unchoked before
        self.wanted = 0  # pieces it has that we lack
        self.downloads: dict[int, PieceDownload] = {}
        self.cancelled: list[PieceDownload] = []  # its reader still holds their buffers
        self.snubbed = False
        self.max_requests: int | None = None
        self.client = ""  # what it calls itself, if it says
        self.metadata_number: int | None = None  # under which it takes metadata (BEP 9)
        self.metadata_wanted: list[int] = []  # pieces asked for before it was confirmed
        self.metadata_sent = 0
        self.joined_at = now
        self.heard_at = now
        self.block_at = now  # when it last sent a block, or was first asked for one
        self.down = RateMeter(now)
        self.up = RateMeter(now)

    def __repr__(self) -> str:
        flags = "".join(
            letter
            for letter, on in (
                ("c", self.am_choking),
                ("i", self.am_interested),
                ("C", self.peer_choking),
                ("I", self.peer_interested),
                ("S", self.snubbed),
            )
            if on
        )
        return f"Peer({self.key} {flags or '-'} has {self.has!r}, fetching {len(self.downloads)})"

    @property
    def owes(self) -> bool:
        """Whether blocks that were requested have not come."""
        return any(download.outstanding for download in self.downloads.values())

    def window(self, config: SwarmConfig, now: float) -> int:
        """How many requests to keep out to it: about what it sends in a few seconds.

        Before its rate is known, a few and one more for each block that came, so that the window
        doubles with each round trip. A slow peer must not hold many pieces: others would get them
        sooner.
        """
        if now - self.joined_at < config.window_seconds:
            wanted = config.first_window + self.down.total // BLOCK_SIZE
        else:
            wanted = int(self.down.rate * config.window_seconds / BLOCK_SIZE)
            wanted = max(config.least_window, wanted)
        allowed = self.max_requests or config.unsaid_max_requests
        return min(wanted, config.most_window, allowed)
