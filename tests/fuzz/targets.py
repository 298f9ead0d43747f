"""One function per decoder of outside bytes: it accepts any bytes, or refuses them properly.

A target returns when the bytes were read or refused as documented; anything else it raises is a
bug. What it accepts it looks at as the program would, for what is true of all accepted input.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from client.core.protocol.mse import AnsweredHandshake, DialledHandshake, Secrets
from common import announce, magnet, metainfo, tracker_info
from common.api import lines
from common.api.registry import OPERATIONS
from common.errors import MinitorrentError
from common.geometry import Geometry
from common.paths import check_component
from common.tls import TlsEngine
from common.types import Block, InfoHash, PieceIndex
from common.wire import metadata, utp
from common.wire.handshake import HANDSHAKE_LENGTH, ExtensionHandshake, Handshake
from common.wire.messages import BitfieldMessage, HaveAll, Message, Unchoke, WireError
from tests.support.security.certificates import server_context, trusting_context
from tests.unit.client.core.protocol.downloader import Downloader, Remote

_GEOMETRY: Final = Geometry(5 * 32 * 1024 + 7, 32 * 1024)


def session_line(data: bytes) -> None:
    """Lines between client and tracker, both ways: requests, replies, notices, the greeting."""
    decoder = lines.LineDecoder(4096)
    cut = data[0] if data else 1
    with suppress(MinitorrentError):
        for start in range(0, len(data), cut + 1):
            for line in decoder.feed(data[start : start + cut + 1]):
                with suppress(MinitorrentError):
                    _session_object(lines.decode_line(line))


def _session_object(value: dict[str, object]) -> None:
    for model in (lines.GreetingLine, lines.RequestLine, lines.ReplyLine, lines.NoticeLine):
        with suppress(ValueError):
            model.model_validate(value)
    operation = OPERATIONS.get(str(value.get("op")))
    if operation is None:
        return
    with suppress(MinitorrentError):
        request = operation.read_request(value.get("args"))
        encoded = lines.decode_line(lines.encode_request(1, operation.name, request).strip())
        assert operation.read_request(encoded["args"]) == request
    with suppress(MinitorrentError):
        operation.read_reply(value.get("result"))


def http_announce(data: bytes) -> None:
    """The query strings of stock clients."""
    with suppress(MinitorrentError):
        asked = announce.parse_announce(data)
        assert 0 <= asked.port <= 65535
        assert min(asked.left, asked.uploaded, asked.downloaded) >= 0
        there = announce.AnnouncedPeer("127.0.0.1", asked.port, asked.peer_id)
        announce.encode_announce(asked, announce.AnnounceResponse(60, 30, 1, 1, (there,)))
    with suppress(MinitorrentError):
        assert len(announce.parse_scrape(data)) <= announce.MAX_SCRAPED


def peer_wire(data: bytes) -> None:
    """A peer's bytes after its handshake, to a client that requests pieces from it."""
    downloader = Downloader(_GEOMETRY, seed=1, budget=2**20)
    flags = data[0] if data else 0
    peer = _join(downloader, fast=bool(flags & 1))
    if flags & 2:
        peer.say(HaveAll() if flags & 1 else BitfieldMessage(b"\xfc"))
        peer.say(Unchoke())
        downloader.read_all(peer.key)
    downloader.now += 1
    peer.wire += data[1:]
    while peer.wire and peer.key in downloader.remotes:
        downloader.read(peer.key, limit=1 + (flags >> 2) * 64)
    downloader.tick(1.0)
    while downloader.verifying:
        downloader.verify()
    assert not downloader.have.count, "a piece of garbage was accepted"


class _Babbler(Remote):
    """A peer that sends the given bytes, whatever it receives."""

    def on_message(self, message: Message) -> None:
        pass

    def hear_request(self, block: Block) -> None:
        pass


def _join(downloader: Downloader, *, fast: bool) -> Remote:
    key = downloader.join(fast=fast, honest=False).key
    peer = _Babbler(key, downloader.content, downloader.geometry, fast=fast, honest=False)
    downloader.remotes[key] = peer
    return peer


def handshake(data: bytes) -> None:
    """The first bytes of a peer connection, and the content of extended messages."""
    with suppress(WireError):
        Handshake.check_prefix(data[:HANDSHAKE_LENGTH])
        Handshake.decode(data[:HANDSHAKE_LENGTH])
    with suppress(WireError):
        introduced = ExtensionHandshake.decode(data)
        assert introduced.client.isprintable()
        assert introduced.port is None or 0 < introduced.port < 65536
    with suppress(WireError):
        message = metadata.decode(data)
        assert message is None or message.piece >= 0


def encrypted_handshake(data: bytes) -> None:
    """What a dialling peer sends instead of a handshake; the key comes first."""
    cut = data[0] if data else 1
    sides = (
        AnsweredHandshake(Secrets(b"k" * 20), lambda _: InfoHash(bytes(20))),
        DialledHandshake(Secrets(b"k" * 20), InfoHash(bytes(20)), b"first"),
    )
    for side in sides:
        with suppress(WireError):
            for start in range(0, len(data), cut + 1):
                if side.agreement is not None:
                    break
                side.receive(data[start : start + cut + 1])


def utp_packet(data: bytes) -> None:
    """Packets at the UDP port: a uTP connection attempt is refused, others are ignored."""
    answer = utp.refusal(data)
    if answer is not None:
        assert len(answer) <= len(data)
        assert utp.refusal(answer) is None


def torrent(data: bytes) -> None:
    """Metainfo, from a file, a tracker or a peer."""
    with suppress(MinitorrentError):
        parsed = metainfo.parse(data)
        geometry = parsed.geometry
        assert geometry.length == sum(file.length for file in parsed.files)
        for file in parsed.files:
            for part in file.path:
                check_component(part)
        if geometry.piece_count:
            assert len(parsed.piece_hash(PieceIndex(geometry.piece_count - 1))) == 20
    with suppress(MinitorrentError):
        tracker_info.parse(data.decode("utf-8", "replace"))


def magnet_link(data: bytes) -> None:
    """Links that people paste."""
    with suppress(MinitorrentError):
        link = magnet.parse(data.decode("utf-8", "surrogateescape"))
        again = magnet.parse(link.encode())
        assert again.info_hash == link.info_hash
        assert again.peers == link.peers


def tls_stream(data: bytes) -> None:
    """Malformed TLS records: from the start, and in place of a handshake's flights."""
    server, client = _contexts()
    theirs = TlsEngine(server, server_side=True)
    if not data or data[0] & 1:
        _drive(theirs, data[1:])
        return
    ours = TlsEngine(client, server_side=False, server_hostname="x")
    changes = iter(data[1:])
    for source, target in ((ours, theirs), (theirs, ours), (ours, theirs)):
        with suppress(ssl.SSLError):
            source.handshake()
        _drive(target, _changed(source.take(), next(changes, 0), next(changes, 0)))


def _drive(engine: TlsEngine, data: bytes) -> None:
    plaintext = memoryview(bytearray(4096))
    try:
        engine.feed(data)
        if engine.handshake():
            while engine.read_into(plaintext):
                pass
    except ssl.SSLError:
        engine.take()


def _changed(flight: bytes, place: int, value: int) -> bytes:
    """One byte of a flight, replaced."""
    if not flight or not value:
        return flight
    place = place * len(flight) // 256
    return flight[:place] + bytes((flight[place] ^ value,)) + flight[place + 1 :]


@cache
def _contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    with tempfile.TemporaryDirectory() as folder:
        return server_context(Path(folder)), trusting_context()


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "session_line": session_line,
    "http_announce": http_announce,
    "peer_wire": peer_wire,
    "handshake": handshake,
    "encrypted_handshake": encrypted_handshake,
    "utp_packet": utp_packet,
    "torrent": torrent,
    "magnet_link": magnet_link,
    "tls_stream": tls_stream,
}


def mutated(seed: bytes, rng: Random) -> bytes:
    """A seed with some of its bytes changed, moved, doubled or cut out."""
    data = bytearray(seed)
    for _ in range(rng.randint(1, 4)):
        start = rng.randint(0, len(data))
        end = min(len(data), start + rng.choice((1, 1, 2, 4, 16)))
        match rng.randrange(4):
            case 0:
                data[start:end] = rng.randbytes(end - start)
            case 1:
                data[start:end] = b""
            case 2:
                data[start:start] = data[start:end]
            case _:
                data[start:start] = rng.randbytes(rng.choice((1, 2, 4)))
    return bytes(data)
