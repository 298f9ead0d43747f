"""Rendezvous of two clients in this process: who gets through, and what else may arrive."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import pytest

from client.core.admission.obstacle import Obstacle
from client.core.admission.route import Route
from client.core.admission.strikes import Strikes
from client.net.peers import rendezvous as module
from client.net.peers.dialer import Dial, Dialer
from client.net.peers.listener import Listener
from client.net.peers.rendezvous import RendezvousPoint
from client.net.transports.own_port import OwnAddress
from client.net.transports.transport import Transport
from common.api.rendezvous import Rendezvous, RendezvousNotice, RendezvousReply, SeenEndpoint
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake
from common.wire.relay import JOINED, REQUEST_LENGTH, decode_request
from common.wire.rendezvous import HELLO_LENGTH, Hello, decode_hello
from tests.support.network.sockets import is_closed
from tests.support.ports import free_port
from tests.support.waiting import wait_until

HASH = InfoHash(b"h" * 20)
TOKEN = "ab" * 16
TICKET = "12" * 16
LISTED = Endpoint("127.0.0.1", 1)


class Client:
    """A listener, a dialer and a rendezvous point; `reply` is the tracker's."""

    def __init__(self, name: str) -> None:
        self.peer_id = PeerId(f"-MI0100-{name:x<12}".encode())
        self.reply = RendezvousReply(token=None)
        self.error: MinitorrentError | None = None
        self.tracker: Endpoint | None = None
        self.asked: list[Rendezvous] = []
        self.admitted: list[tuple[PeerId, Route, bool]] = []  # peer, route, whether it began
        self.failures: list[Obstacle | None] = []
        self.transports: list[Transport] = []
        self.listener = Listener(Endpoint("127.0.0.1", 0), strikes=Strikes())
        self.dialer = Dialer(self.peer_id, threads=1)
        self.own = OwnAddress("127.0.0.1", self.listener.port)
        self.point = RendezvousPoint(
            self.own, self._ask, lambda: self.tracker, self.dialer.greet, self.listener.welcome
        )
        self.listener.start(self._admit, lambda _: None, arrived=self.point.arrived)

    @property
    def seat(self) -> SeenEndpoint:
        return SeenEndpoint(host="127.0.0.1", port=self.listener.port)

    def _ask(self, request: Rendezvous) -> RendezvousReply:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        return self.reply

    def _admit(self, transport: Transport, handshake: Handshake, _: Endpoint) -> bool:
        transport.send([Handshake(HASH, self.peer_id).encode()])
        return self._keep(transport, handshake, began=True)

    def _keep(self, transport: Transport, handshake: Handshake, *, began: bool) -> bool:
        self.transports.append(transport)
        self.admitted.append((handshake.peer_id, transport.route, began))
        return True

    def dial(self) -> Dial:
        return Dial(
            LISTED,
            HASH,
            "lab",
            None,
            lambda transport, shaken, _: self._keep(transport, shaken, began=False),
            lambda _, obstacle: self.failures.append(obstacle),
        )

    def ask(self, *seen: SeenEndpoint, token: str = TOKEN) -> None:
        """Ask for a rendezvous with a client that is told to be there."""
        self.reply = RendezvousReply(token=token, endpoints=list(seen))
        self.point.ask(self.dial(), "bob", PeerId(b"p" * 20))

    def tell(self, *seen: SeenEndpoint, token: str = TOKEN) -> None:
        """Tell it of a rendezvous."""
        self.point.told(RendezvousNotice(info_hash=HASH.hex(), token=token, endpoints=list(seen)))

    def close(self) -> None:
        self.point.close()
        self.listener.close()
        self.dialer.close()
        for transport in self.transports:
            transport.release()


@pytest.fixture
def ann() -> Iterator[Client]:
    with closing(Client("ann")) as client:
        yield client


@pytest.fixture
def bob() -> Iterator[Client]:
    with closing(Client("bob")) as client:
        yield client


def nowhere() -> SeenEndpoint:
    return SeenEndpoint(host="127.0.0.1", port=free_port())


def hello(client: Client, said: Hello) -> socket.socket:
    """Connect to a client, and say this."""
    sock = socket.create_connection(("127.0.0.1", client.listener.port), 5.0)
    sock.sendall(said.encode())
    return sock


def test_the_peer_calls(ann: Client, bob: Client) -> None:
    ann.ask(nowhere())
    bob.tell(ann.seat)
    wait_until(lambda: ann.admitted and bob.admitted, what="the connection")
    assert ann.admitted == [(bob.peer_id, Route.CALLED, False)]
    assert bob.admitted == [(ann.peer_id, Route.CALLED, True)]
    assert not ann.failures
    asked = Rendezvous(info_hash=HASH.hex(), user="bob", peer_id="70" * 20, unanswered=True)
    assert ann.asked == [asked]


def test_the_peer_can_be_dialled_after_all(ann: Client, bob: Client) -> None:
    bob.tell(nowhere())
    ann.ask(nowhere(), bob.seat)
    wait_until(lambda: ann.admitted and bob.admitted, what="the connection")
    assert ann.admitted == [(bob.peer_id, Route.DIRECT, False)]
    assert bob.admitted == [(ann.peer_id, Route.DIRECT, True)]


def test_if_both_get_through_one_connection_stays(ann: Client, bob: Client) -> None:
    bob.tell(ann.seat)
    ann.ask(bob.seat)
    wait_until(lambda: ann.admitted and bob.admitted, what="the connection")
    wait_until(lambda: not (ann.point._meetings or bob.point._meetings), what="the end")
    assert len(ann.admitted) == 1
    assert not ann.failures


def test_the_peer_hears_of_it_first(ann: Client, bob: Client) -> None:
    bob.tell(ann.seat)
    wait_until(lambda: ann.listener.arrivals, what="the peer")
    ann.ask(nowhere())
    wait_until(lambda: ann.admitted and bob.admitted, what="the connection")
    assert ann.admitted == [(bob.peer_id, Route.CALLED, False)]


def test_we_hear_of_it_first(ann: Client, bob: Client) -> None:
    ann.ask(bob.seat)
    wait_until(lambda: bob.listener.arrivals, what="the peer")
    bob.tell(nowhere())
    wait_until(lambda: ann.admitted and bob.admitted, what="the connection")


def test_a_connection_of_somebody_else_ends_nothing(
    ann: Client, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be an earlier one, or another program's."""
    monkeypatch.setattr(module, "_HELLO_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        ann.ask(SeenEndpoint(host="127.0.0.1", port=server.getsockname()[1]), bob.seat)
        server.accept()[0].close()
        bob.tell(nowhere())
        wait_until(lambda: ann.admitted and bob.admitted, what="the connection")


def test_nobody_comes(ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PUNCH_SECONDS", 0.2)
    ann.ask(nowhere())
    wait_until(lambda: ann.failures, what="the end")
    assert ann.failures == [Obstacle.NO_WAY]


@pytest.mark.parametrize("is_refused", [True, False])
def test_the_tracker_cannot_tell_the_peer(ann: Client, is_refused: bool) -> None:
    if is_refused:
        ann.error = MinitorrentError(ErrorCode.TOO_MANY_ATTEMPTS, "Not so often.")
    ann.point.ask(ann.dial(), "bob", PeerId(b"p" * 20))
    wait_until(lambda: ann.failures, what="the end")
    assert ann.failures == [None]


def test_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What others ask for takes no place of what this client asks for."""
    monkeypatch.setattr(module, "MAX_TOLD", 1)
    monkeypatch.setattr(module, "MAX_ASKED", 1)
    with closing(Client("ann")) as ann, ExitStack() as open_ends:
        silent = open_ends.enter_context(socket.create_server(("127.0.0.1", 0)))
        silent.settimeout(5)
        seat = SeenEndpoint(host="127.0.0.1", port=silent.getsockname()[1])
        ann.tell(seat, token=TOKEN)
        open_ends.enter_context(silent.accept()[0])
        ann.tell(seat, token="cd" * 16)  # dropped
        ann.ask(seat, token="ef" * 16)  # has its own place
        open_ends.enter_context(silent.accept()[0])
        ann.point.ask(ann.dial(), "bob", PeerId(b"p" * 20))
        assert ann.failures == [None]
        assert len(ann.asked) == 1


def test_a_stranger_knows_no_token(ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NEWS_SECONDS", 0.1)
    with hello(ann, Hello("cd" * 16, asked=False, dialled=True)) as stranger:
        assert is_closed(stranger)
    assert not ann.admitted


def test_only_the_other_side_is_expected(ann: Client) -> None:
    """Not one that also says that it has asked."""
    ann.ask(nowhere())
    wait_until(lambda: ann.point._meetings, what="the rendezvous")
    with hello(ann, Hello(TOKEN, asked=True, dialled=True)) as other:
        assert is_closed(other)


def test_a_token_is_good_for_a_few_connections(bob: Client) -> None:
    bob.tell(nowhere())
    wait_until(lambda: bob.point._meetings, what="the rendezvous")
    socks = []
    for _ in range(module._MOST_CONNECTIONS):
        sock = hello(bob, Hello(TOKEN, asked=True, dialled=True))
        assert decode_hello(sock.recv(HELLO_LENGTH, socket.MSG_WAITALL)).token == TOKEN
        socks.append(sock)
    with hello(bob, Hello(TOKEN, asked=True, dialled=True)) as one_more:
        assert is_closed(one_more)
    for sock in socks:
        sock.close()


def test_another_program_answers(ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HELLO_SECONDS", 0.2)
    monkeypatch.setattr(module, "PUNCH_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        ann.ask(SeenEndpoint(host="127.0.0.1", port=server.getsockname()[1]))
        other, _ = server.accept()
        other.sendall(b"220 mail.example ESMTP, at your service\r\n")
        wait_until(lambda: ann.failures, what="the end")
        other.close()
    assert ann.failures == [Obstacle.NO_WAY]


def test_nothing_begins_once_it_is_closed(ann: Client) -> None:
    ann.point.close()
    ann.tell(nowhere())
    ann.ask(nowhere())
    assert ann.failures == [None]
    assert not ann.asked


def test_no_thread_is_left(ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    ann.tell(nowhere())
    ann.ask(nowhere())
    assert ann.failures == [None]


# --- the relay ------------------------------------------------------------------------------
@pytest.fixture
def tracker_relay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A relay that joins the first two clients."""
    monkeypatch.setattr(module, "PUNCH_BEFORE_RELAY", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            socks: list[socket.socket] = []
            while len(socks) < 2:
                try:
                    sock, _ = server.accept()
                except OSError:
                    return
                assert decode_request(sock.recv(REQUEST_LENGTH, socket.MSG_WAITALL)) == TICKET
                socks.append(sock)
            for sock in socks:
                sock.sendall(JOINED)
            for one, other in (socks, socks[::-1]):
                threading.Thread(target=pass_on, args=(one, other), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Endpoint(*server.getsockname())
        server.shutdown(socket.SHUT_RDWR)  # nobody may have come
        thread.join(5)


def pass_on(one: socket.socket, other: socket.socket) -> None:
    with one, suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


def test_a_relay_joins_us(ann: Client, bob: Client, tracker_relay: Endpoint) -> None:
    ann.tracker = tracker_relay
    ann.reply = RendezvousReply(token=TOKEN, endpoints=[nowhere()], ticket=TICKET)
    where = SeenEndpoint(host=tracker_relay.host, port=tracker_relay.port)
    bob.point.told(
        RendezvousNotice(
            info_hash=HASH.hex(), token=TOKEN, endpoints=[nowhere()], ticket=TICKET, relay=where
        )
    )
    ann.point.ask(ann.dial(), "bob", PeerId(b"p" * 20), relay=True)
    wait_until(lambda: ann.admitted and bob.admitted, what="the connection")
    assert ann.admitted == [(bob.peer_id, Route.RELAYED, False)]
    assert bob.admitted == [(ann.peer_id, Route.RELAYED, True)]
    assert ann.asked[0].relay


def test_a_direct_way_needs_no_relay(ann: Client, bob: Client, tracker_relay: Endpoint) -> None:
    ann.tracker = tracker_relay
    ann.reply = RendezvousReply(token=TOKEN, endpoints=[nowhere()], ticket=TICKET)
    ann.point.ask(ann.dial(), "bob", PeerId(b"p" * 20), relay=True)
    bob.tell(ann.seat)
    wait_until(lambda: ann.admitted and bob.admitted, what="the connection")
    assert ann.admitted == [(bob.peer_id, Route.CALLED, False)]


@pytest.mark.parametrize("answer", [b"", b"\x05relaX", b"\x15\x03"])
def test_a_relay_that_has_no_place(
    ann: Client, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PUNCH_BEFORE_RELAY", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        ann.tracker = Endpoint(*server.getsockname())
        ann.reply = RendezvousReply(token=TOKEN, endpoints=[], ticket=TICKET)
        ann.point.ask(ann.dial(), "bob", PeerId(b"p" * 20), relay=True)
        sock, _ = server.accept()
        with sock:
            sock.recv(REQUEST_LENGTH, socket.MSG_WAITALL)
            sock.sendall(answer)
        wait_until(lambda: ann.failures, what="the end")
    assert ann.failures == [Obstacle.NO_RELAY]


def test_without_a_tracker_there_is_no_relay(ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PUNCH_BEFORE_RELAY", 0.1)
    ann.reply = RendezvousReply(token=TOKEN, endpoints=[], ticket=TICKET)
    ann.point.ask(ann.dial(), "bob", PeerId(b"p" * 20), relay=True)
    wait_until(lambda: ann.failures, what="the end")
    assert ann.failures == [Obstacle.NO_RELAY]
