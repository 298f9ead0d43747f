"""Members of a group with malicious clients."""

from __future__ import annotations

import base64
import random
import threading
from collections.abc import Callable
from contextlib import ExitStack

from common import metainfo
from common.metainfo import Metainfo
from common.types import Block, PeerId, PieceIndex
from common.wire.codec import HEAD, PIECE_HEADER, encode, encode_requests
from common.wire.messages import Have, HaveAll, Interested, Request, Unchoke
from tests.integration.client.team import GROUP, Team
from tests.integration.tracker.sessions import SessionClient
from tests.support.peers import PeerServer, RawPeer, serve
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.runs import alone

BLOCK = 16 * 1024


class Infiltrator:
    """A member with a bare tracker session that announces a file and serves it with `behave`."""

    def __init__(
        self, team: Team, stack: ExitStack, user: str, peer_id: bytes | None = None
    ) -> None:
        self.session = stack.enter_context(SessionClient(team.address))
        if peer_id is not None:
            self.session.peer_id = peer_id.ljust(20, b"-").hex()
        self.session.sign_up(user)
        self.session.call("join_group", group=GROUP)
        team.people[0].session.groups.accept_request(GROUP, user)
        self._stack = stack

    @property
    def peer_id(self) -> PeerId:
        """The name of this client at the tracker."""
        return PeerId(bytes.fromhex(self.session.peer_id))

    def metainfo_of(self, name: str) -> Metainfo:
        """The metainfo of one of the group's files."""
        answer = self.session.call("get_file", group=GROUP, name=name)
        return metainfo.parse(base64.b64decode(answer["metainfo"]))

    def offer(self, described: Metainfo, behave: Callable[[RawPeer], None]) -> PeerServer:
        """Announce the file as a seeder at a server that behaves like this."""
        server = PeerServer(behave, described.info_hash, self.peer_id)
        self._stack.enter_context(server)
        self.session.announce(described.info_hash.hex(), 0, port=server.address.port)
        return server


class Liar:
    """Flips bytes in a tenth of its blocks."""

    def __init__(self, described: Metainfo, content: bytes) -> None:
        self._metainfo = described
        self._content = content
        self._random = random.Random(7)

    def __call__(self, peer: RawPeer) -> None:
        """Serve."""
        peer.send(HaveAll(), Unchoke())
        serve(peer, self._metainfo, self._content, self._spoil)

    def _spoil(self, _: Request, data: bytes) -> bytes:
        if self._random.random() >= 0.1:
            return data
        place = self._random.randrange(len(data))
        return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def flood(count: int) -> bytes:
    """So many requests for the same block."""
    return encode_requests(alone([Block(PieceIndex(0), 0, BLOCK)] * count))


def silent(peer: RawPeer) -> None:
    """Promise everything and send nothing."""
    peer.send(HaveAll(), Unchoke())
    while True:
        peer.read()


def babbler(peer: RawPeer) -> None:
    """Send noise."""
    noise = random.Random(8)
    while True:
        peer.send_bytes(noise.randbytes(1000))


def hanger_up(_: RawPeer) -> None:
    """Close as soon as hands are shaken."""


def miscounter(peer: RawPeer) -> None:
    """Answer with blocks whose lengths are not those that were asked for."""
    peer.send(HaveAll(), Unchoke())
    for turn in range(1000):
        request = peer.until(Request)
        length = (0, 1, BLOCK - 1, BLOCK + 1, 2 * BLOCK)[turn % 5]
        peer.send_block(request.piece, request.begin, bytes(length))


class Spoiler:
    """Sends a whole valid piece together with a protocol violation."""

    def __init__(self, described: Metainfo, content: bytes) -> None:
        self._geometry = described.geometry
        self._content = content

    def __call__(self, peer: RawPeer) -> None:
        """Take all requests for the first piece, then answer them in one breath."""
        peer.send(HaveAll(), Unchoke())
        requests = [peer.until(Request)]
        piece = PieceIndex(requests[0].piece)
        while len(requests) < self._geometry.block_count(piece):
            request = peer.until(Request)
            if request.piece == piece:
                requests.append(request)
        start = self._geometry.offset(piece)
        answer = b""
        for request in requests:
            first = start + request.begin
            answer += piece_header(Block(piece, request.begin, request.length))
            answer += self._content[first : first + request.length]
        peer.send_bytes(answer + encode(Have(2**31)))
        while True:
            peer.read()


def boaster(peer: RawPeer) -> None:
    """Announce a block longer than any message may be."""
    peer.send(HaveAll(), Unchoke())
    request = peer.until(Request)
    peer.send_bytes(PIECE_HEADER.pack(2**31, 7, request.piece, request.begin) + bytes(10))
    while True:
        peer.read()


def giver(peer: RawPeer) -> None:
    """Send unrequested blocks."""
    peer.send(HaveAll())
    while True:
        for piece in range(8):
            peer.send_block(piece, 0, bytes(BLOCK))


def flooder(peer: RawPeer) -> None:
    """Ask for everything again and again."""
    peer.send(HaveAll(), Unchoke(), Interested())
    while True:
        peer.send_bytes(flood(3000))
        peer.read()


class Deaf:
    """Never reads; ends with the test."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def __call__(self, peer: RawPeer) -> None:
        """Make the other side talk, and don't listen."""
        peer.send(HaveAll(), Interested())
        while not self.over.wait(0.05):
            peer.send_bytes(flood(500))


def too_long(peer: RawPeer) -> None:
    """Begin a message of four gigabytes."""
    peer.send(HaveAll(), Unchoke())
    peer.send_bytes(HEAD.pack(2**32 - 1, 20) + bytes(100))
    while True:
        peer.read()
