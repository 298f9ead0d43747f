"""Who is there for which file: announces over the session, and keys for stock clients."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from common.api.model import WHOLE, Count, Hex20, Model, Name, Port
from common.api.operation import Operation
from common.api.paging import ROWS
from common.errors import ErrorCode
from common.types import plain_address

MAX_FILES = 500
"""Files in one announce; a client with more sends several."""

DEFAULT_NUMWANT = 50
MAX_NUMWANT = 200

Told = Annotated[int, Field(ge=0, le=2**64 - 1), WHOLE]
"""A number of bytes as a client tells it: 64 bits without a sign, as over HTTP."""


def _plain(host: str) -> str:
    try:
        return plain_address(host)
    except ValueError:
        return host  # nobody is there


Event = Literal["started", "completed", "stopped", "none"]


class AnnouncedFile(Model):
    """One file's state at this client, in bytes; `numwant` is how many peers it would like."""

    info_hash: Hex20
    left: Told
    uploaded: Told = 0
    downloaded: Told = 0
    event: Event = "none"
    numwant: Annotated[int, Field(ge=0, le=100_000), WHOLE] = DEFAULT_NUMWANT


class Announce(Model):
    """Tell which files this client has or wants, and ask who else does.

    `port` is where it accepts peers. Presence ends with the connection.
    """

    port: Port
    files: Annotated[list[AnnouncedFile], Field(max_length=MAX_FILES)]


class PeerRow(Model):
    """Another member's client; `peer_id` in hex."""

    host: str
    port: Port
    peer_id: str
    user: str


class Failure(Model):
    """Why one file of an announce was refused: an error code and a sentence."""

    code: str
    message: str


class FilePresence(Model):
    """`complete` and `incomplete` count seeders and leechers, the asker included."""

    info_hash: str
    complete: Count = 0
    incomplete: Count = 0
    peers: Annotated[list[PeerRow], ROWS] = Field(default_factory=list)
    error: Failure | None = None


class AnnounceReply(Model):
    """`interval` is the number of seconds after which to announce again."""

    interval: Count
    files: Annotated[list[FilePresence], Field(max_length=MAX_FILES)]


class IdentifyPeer(Model):
    """Ask which member a peer is that came from `host` (an IP address) and calls itself `peer_id`.

    Both have to be what the tracker knows of one of a member's clients. Some stock clients call
    themselves something else at every connection; of theirs, the client and its version count.
    """

    info_hash: Hex20
    peer_id: Hex20
    host: Annotated[str, Field(max_length=64), AfterValidator(_plain)] = ""


class IdentifyPeerReply(Model):
    user: str | None


class CheckPort(Model):
    """Have the tracker dial the asker's address, to learn whether other members can."""

    port: Port


class CheckPortReply(Model):
    """`host` is the asker's address as the tracker, and so other members, know it.

    `reachable`: something accepts connections there; whether that is the asker only the asker can
    tell. `refused`: something there refused the connection, instead of leaving it unanswered.
    """

    host: str
    reachable: bool
    refused: bool = False


class AnnounceKey(Model):
    """Ask for this user's own announce addresses in a group, for stock clients."""

    group: Name


class AnnounceKeyReply(Model):
    """`key` is a secret of this user; `announce_urls` has this tracker's first (BEP 3)."""

    key: str
    announce_urls: Annotated[list[str], ROWS]


class RenewAnnounceKey(Model):
    """Replace the key; metainfo files that carry the old one announce no more."""

    group: Name


_MEMBERS_ONLY = frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER})
_OF_A_FILE = frozenset({ErrorCode.NO_SUCH_FILE, ErrorCode.NOT_MEMBER})

ANNOUNCE = Operation(
    "announce",
    Announce,
    AnnounceReply,
    _OF_A_FILE,
    scope="member",
    max_size=512 * MAX_FILES,
    session_only="Announce at /announce/KEY, with the key from announce_key: presence over a"
    " session ends with its connection.",
)
IDENTIFY_PEER = Operation(
    "identify_peer", IdentifyPeer, IdentifyPeerReply, _OF_A_FILE, scope="read"
)
CHECK_PORT = Operation(
    "check_port",
    CheckPort,
    CheckPortReply,
    frozenset(),
    scope="member",
    session_only="Only clients that announce over a session have a port to be dialled.",
)
ANNOUNCE_KEY = Operation(
    "announce_key", AnnounceKey, AnnounceKeyReply, _MEMBERS_ONLY, scope="member"
)
RENEW_ANNOUNCE_KEY = Operation(
    "renew_announce_key", RenewAnnounceKey, AnnounceKeyReply, _MEMBERS_ONLY, scope="member"
)
