"""The HTTP tracker protocol of stock clients: announce and scrape (BEP 3, 7, 23, 48).

Requests are parsed from the raw bytes of the query string: `info_hash`, `peer_id` and aria2's `key`
are binary, so a query string is not text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes

from bencode2 import bencode

from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash, PeerId

Event = Literal["started", "completed", "stopped", "none"]

MAX_SCRAPED = 100
"""Most info-hashes in one scrape."""

_MAX_COUNT = 2**64 - 1
_UNKNOWN = re.compile(rb"(-[0-9]{1,20})?")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EVENTS: Mapping[bytes, Event] = {
    b"started": "started",
    b"completed": "completed",
    b"stopped": "stopped",
}


@dataclass(frozen=True)
class AnnounceRequest:
    """A client's announce of one torrent (BEP 3).

    `uploaded`, `downloaded` and `left` are bytes; `numwant` is None when the client doesn't give
    it; `compact` (BEP 23) is False only on request; `tracker_id` is echoed back unchanged.
    """

    info_hash: InfoHash
    peer_id: PeerId
    port: int
    left: int
    uploaded: int = 0
    downloaded: int = 0
    event: Event = "none"
    numwant: int | None = None
    compact: bool = True
    no_peer_id: bool = False
    tracker_id: bytes | None = None


@dataclass(frozen=True)
class AnnouncedPeer:
    """Where a peer accepts connections: an IP address and a port, with its peer id."""

    host: str
    port: int
    peer_id: PeerId


@dataclass(frozen=True)
class AnnounceResponse:
    """The answer to an announce; intervals in seconds."""

    interval: int
    min_interval: int
    complete: int
    incomplete: int
    peers: tuple[AnnouncedPeer, ...] = ()


@dataclass(frozen=True)
class ScrapedFile:
    """Seeders, finished downloads and leechers of one torrent (BEP 48)."""

    complete: int
    downloaded: int
    incomplete: int


def parse_query(query: bytes) -> dict[bytes, list[bytes]]:
    """Percent-decode a query string; each key's values in order. Accepts any bytes."""
    values: dict[bytes, list[bytes]] = {}
    for part in query.split(b"&"):
        key, _, value = part.partition(b"=")
        if key:
            values.setdefault(_unquote(key), []).append(_unquote(value))
    return values


def _unquote(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))


def parse_key(text: str) -> str:
    """Return the announce key in an address's path.

    Raises MinitorrentError(usage), with the failure reason, if it has none.
    """
    if not text.strip("/"):
        raise _refuse("this announce address has no key; get a metainfo file with: share")
    if not _KEY.fullmatch(text):
        raise _refuse("this announce address is not valid; get a new metainfo file with: share")
    return text


def parse_announce(query: bytes) -> AnnounceRequest:
    """Parse an announce from its query string, ignoring unknown keys.

    Common client mistakes are tolerated: the first value of a repeated key counts, and a negative
    or empty count means that the client doesn't know it. Raises MinitorrentError(usage), with the
    failure reason, when a required key is missing or wrong, or when two info-hashes or peer ids
    differ.
    """
    found = parse_query(query)
    values = {key: value for key, (value, *_) in found.items()}
    for key in (b"info_hash", b"peer_id"):
        if len(set(found.get(key, ()))) > 1:
            raise _refuse(f"{key.decode()} appears more than once")
    tracker_id = values.get(b"trackerid")
    return AnnounceRequest(
        info_hash=InfoHash(_twenty_bytes(values, b"info_hash")),
        peer_id=PeerId(_twenty_bytes(values, b"peer_id")),
        port=_number(values, b"port", 65535),
        left=_number(values, b"left", _MAX_COUNT, unknown=_MAX_COUNT),
        uploaded=_number({b"uploaded": b"0", **values}, b"uploaded", _MAX_COUNT, unknown=0),
        downloaded=_number({b"downloaded": b"0", **values}, b"downloaded", _MAX_COUNT, unknown=0),
        event=_EVENTS.get(values.get(b"event", b""), "none"),
        numwant=_numwant(values.get(b"numwant")),
        compact=values.get(b"compact") != b"0",
        no_peer_id=values.get(b"no_peer_id") == b"1",
        tracker_id=tracker_id[:128] if tracker_id else None,
    )


def parse_scrape(query: bytes) -> list[InfoHash]:
    """Return the info-hashes of a scrape, at most MAX_SCRAPED.

    Raises MinitorrentError(usage) for none at all (a full scrape would reveal other groups'
    torrents), for too many, and for one that is not 20 bytes long.
    """
    hashes = parse_query(query).get(b"info_hash", [])
    if not hashes or len(hashes) > MAX_SCRAPED:
        raise _refuse(f"scrape needs 1 to {MAX_SCRAPED} info_hash")
    return [InfoHash(_twenty_bytes({b"info_hash": value}, b"info_hash")) for value in hashes]


def _twenty_bytes(values: Mapping[bytes, bytes], key: bytes) -> bytes:
    value = values.get(key)
    if value is None:
        raise _refuse(f"{key.decode()} is missing")
    if len(value) != 20:
        raise _refuse(f"{key.decode()} must be 20 bytes")
    return value


def _number(
    values: Mapping[bytes, bytes], key: bytes, largest: int, unknown: int | None = None
) -> int:
    text = values.get(key)
    if text is None:
        raise _refuse(f"{key.decode()} is missing")
    if unknown is not None and _UNKNOWN.fullmatch(text):
        return unknown
    if not text.isdigit() or len(text) > 20 or int(text) > largest:
        raise _refuse(f"{key.decode()} is not a valid number")
    return int(text)


def _numwant(text: bytes | None) -> int | None:
    """Return a sane number or None: real clients send -1 and nonsense for "as you like"."""
    return int(text) if text is not None and text.isdigit() and len(text) <= 9 else None


def _refuse(reason: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, reason)


def compact_peers(peers: Iterable[AnnouncedPeer]) -> tuple[bytes, bytes]:
    """Encode IPv4 peers at 6 bytes each (BEP 23) and IPv6 peers at 18 bytes each (BEP 7)."""
    packed = {4: bytearray(), 6: bytearray()}
    for peer in peers:
        address = ipaddress.ip_address(peer.host)
        packed[address.version] += address.packed + peer.port.to_bytes(2, "big")
    return bytes(packed[4]), bytes(packed[6])


def encode_announce(request: AnnounceRequest, response: AnnounceResponse) -> bytes:
    """Encode the response in the form that the request asked for."""
    answer: dict[bytes, object] = {
        b"interval": response.interval,
        b"min interval": response.min_interval,
        b"complete": response.complete,
        b"incomplete": response.incomplete,
    }
    if request.compact:
        ipv4, ipv6 = compact_peers(response.peers)
        answer[b"peers"] = ipv4
        if ipv6:
            answer[b"peers6"] = ipv6
    else:
        answer[b"peers"] = [_peer_dict(peer, request.no_peer_id) for peer in response.peers]
    if request.tracker_id is not None:
        answer[b"tracker id"] = request.tracker_id
    return bencode(answer)


def _peer_dict(peer: AnnouncedPeer, no_peer_id: bool) -> dict[bytes, object]:
    entry: dict[bytes, object] = {b"ip": peer.host.encode("ascii"), b"port": peer.port}
    if not no_peer_id:
        entry[b"peer id"] = bytes(peer.peer_id)
    return entry


def encode_scrape(files: Mapping[InfoHash, ScrapedFile]) -> bytes:
    """Encode the response to a scrape (BEP 48); unknown torrents are left out."""
    return bencode(
        {
            b"files": {
                bytes(info_hash): {
                    b"complete": file.complete,
                    b"downloaded": file.downloaded,
                    b"incomplete": file.incomplete,
                }
                for info_hash, file in files.items()
            }
        }
    )


def encode_failure(reason: str) -> bytes:
    """Encode an error as stock clients show it: a `failure reason` (BEP 3)."""
    return bencode({b"failure reason": reason.encode()})
