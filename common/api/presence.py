"""Presence: announces over the session, announce keys for stock clients."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from common.addresses import MAX_LOCAL
from common.api.model import WHOLE, Count, Hex20, Model, Name, Port
from common.api.operation import Operation
from common.api.paging import ROWS
from common.errors import ErrorCode
from common.types import plain_address

MAX_FILES = 500
"""Most files in one announce; a client with more sends several."""

DEFAULT_NUMWANT = 50
MAX_NUMWANT = 200

ReportedBytes = Annotated[int, Field(ge=0, le=2**64 - 1), WHOLE]
"""A number of bytes as reported by a client: unsigned 64 bits, as over HTTP."""


def _plain(host: str) -> str:
    try:
        return plain_address(host)
    except ValueError:
        return host  # not an IP address: matches no client


Event = Literal["started", "completed", "stopped", "none"]


WantedPeers = Annotated[int, Field(ge=0, le=100_000), WHOLE]
"""How many peers a client asks for; it gets fewer if that is more than MAX_NUMWANT."""


class AnnouncedFile(Model):
    """One file's state at this client, in bytes; `numwant` is the number of peers it asks for."""

    info_hash: Hex20
    left: ReportedBytes
    uploaded: ReportedBytes = 0
    downloaded: ReportedBytes = 0
    event: Event = "none"
    numwant: WantedPeers = DEFAULT_NUMWANT


class Announce(Model):
    """Announce the files that this client has or wants, and ask for other peers.

    `port` is where it accepts peers. Presence ends with the connection.
    """

    port: Port
    files: Annotated[list[AnnouncedFile], Field(max_length=MAX_FILES)]


class Address(Model):
    """An IP address and the port where a client accepts peers."""

    host: str
    port: Port


class PeerRow(Address):
    """A member's client; `peer_id` in hex.

    `others` are more of its addresses: one of the other family, IPv4 or IPv6, and, if it comes from
    the same public address as the asking client, those inside their network. `silent`: its port has
    lately given others no answer.
    """

    peer_id: str
    user: str
    others: Annotated[
        list[Address], Field(max_length=MAX_LOCAL + 1, exclude_if=lambda others: not others)
    ] = Field(default_factory=list)
    silent: Annotated[bool, Field(exclude_if=lambda silent: not silent)] = False


class Failure(Model):
    """Why something was refused: an error code and a sentence.

    `retry_after`: nothing was done, and the same may succeed after so many seconds.
    """

    code: str
    message: str
    retry_after: Annotated[
        float | None, Field(ge=0, exclude_if=lambda seconds: seconds is None)
    ] = None


class FileRefusal(Failure):
    """Why one file of an announce was refused.

    `removed`: an admin or its owner removed the file from the group.
    """

    removed: bool = False


class FilePresence(Model):
    """`complete` and `incomplete` count seeders and leechers, including the asking client."""

    info_hash: str
    complete: Count = 0
    incomplete: Count = 0
    peers: Annotated[list[PeerRow], ROWS] = Field(default_factory=list)
    error: FileRefusal | None = None


class AnnounceReply(Model):
    """`interval` is the time until the next announce, in seconds."""

    interval: Count
    files: Annotated[list[FilePresence], Field(max_length=MAX_FILES)]


class IdentifyPeer(Model):
    """Ask which member is behind the peer at `host` (an IP address) with this `peer_id`.

    Both must match what the tracker knows of one of a member's clients. Some stock clients change
    their peer id at every connection; for them, client and version must match.
    """

    info_hash: Hex20
    peer_id: Hex20
    host: Annotated[str, Field(max_length=64), AfterValidator(_plain)] = ""


class IdentifyPeerReply(Model):
    user: str | None


class CheckPort(Model):
    """Ask the tracker to dial the client's address, to learn whether other members can."""

    port: Port


class CheckPortReply(Model):
    """`host` is the client's address as the tracker, and therefore other members, know it.

    `reachable`: something accepts connections there; only the client can tell whether it is itself.
    `refused`: something there refused the connection instead of ignoring it.
    """

    host: str
    reachable: bool
    refused: bool = False


class AnnounceKey(Model):
    """Get this user's announce addresses in a group, for stock clients."""

    group: Name


class AnnounceKeyReply(Model):
    """`key` is a secret of this user; `announce_urls` lists this tracker's first (BEP 3)."""

    key: str
    announce_urls: Annotated[list[str], ROWS]


class RenewAnnounceKey(Model):
    """Replace the key; metainfo files with the old one can't announce any more."""

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
