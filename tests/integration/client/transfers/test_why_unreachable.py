"""Announced peers that can't be reached, and the answer of `why` for each."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from common.types import InfoHash, PeerId
from common.wire.handshake import HANDSHAKE_LENGTH, Handshake
from tests.integration.client.conftest import sealed
from tests.integration.client.hostile import Infiltrator
from tests.integration.client.team import Person, Team
from tests.integration.client.transfers.test_why import explained, nobody_has_it
from tests.support.ports import free_port
from tests.support.security.certificates import server_context

THEIRS = PeerId(b"-XX0001-abcdefghijkl")

Behave = Callable[[socket.socket, InfoHash], None]


@contextmanager
def door(behave: Behave, info_hash: InfoHash) -> Iterator[int]:
    """A port where each connection is treated like this, and then closed."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    sock, _ = server.accept()
                except OSError:
                    return
                with sock, suppress(OSError):
                    sock.settimeout(5.0)
                    behave(sock, info_hash)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def hang_up(sock: socket.socket, _: InfoHash) -> None:
    """As a client that speaks only uTP."""
    sock.recv(HANDSHAKE_LENGTH, socket.MSG_WAITALL)


def greet_in_another_way(sock: socket.socket, _: InfoHash) -> None:
    """As a mail server."""
    sock.sendall(b"220 mail ready\r\n")
    sock.recv(1)


def answer_for_another_torrent(sock: socket.socket, _: InfoHash) -> None:
    """As no client should."""
    sock.sendall(Handshake(InfoHash(b"o" * 20), THEIRS).encode())
    sock.recv(HANDSHAKE_LENGTH, socket.MSG_WAITALL)


def shake_hands_and_leave(sock: socket.socket, info_hash: InfoHash) -> None:
    """Accept as a full client does."""
    sock.sendall(Handshake(info_hash, THEIRS).encode())
    sock.recv(HANDSHAKE_LENGTH, socket.MSG_WAITALL)


@pytest.fixture
def bob(team: Team, tmp_path: Path) -> Person:
    """A downloader without a reachable peer."""
    return nobody_has_it(team, tmp_path)[1]


@pytest.fixture
def ghost(team: Team, bob: Person) -> Iterator[Infiltrator]:
    """A member who announces the file."""
    with ExitStack() as stack:
        yield Infiltrator(team, stack, "ghost")


def hint_about(behave: Behave, words: str, bob: Person, ghost: Infiltrator) -> str:
    """The hint of `why` when the only peer behaves like this, and the reason has these words."""
    info_hash = ghost.metainfo_of("content").info_hash
    with door(behave, info_hash) as port:
        ghost.session.announce(info_hash.hex(), 0, port=port)
        bob.start("content")
        hint = explained(bob, words)
    assert "firewall" not in hint
    assert hint.endswith("the client tries again automatically.")
    return hint


def test_an_unreachable_peer(bob: Person, ghost: Infiltrator) -> None:
    info_hash = ghost.metainfo_of("content").info_hash.hex()
    ghost.session.announce(info_hash, 0, port=free_port())
    bob.start("content")
    assert "firewall" in explained(bob, "refuses connections at its port")


@pytest.mark.parametrize(
    ("behave", "words", "step"),
    [
        (hang_up, "hangs up before the handshake", "TCP"),
        (greet_in_another_way, "not with BitTorrent", "which one their client"),
        (answer_for_another_torrent, "answers for another file", "restart"),
        (shake_hands_and_leave, "shakes hands, and then hangs up", "no free slot"),
    ],
)
def test_a_silent_peer_is_diagnosed(
    bob: Person, ghost: Infiltrator, behave: Behave, words: str, step: str
) -> None:
    """Its port answers, so nothing is wrong with the firewall."""
    assert step in hint_about(behave, words, bob, ghost)


@sealed
def test_a_peer_without_a_members_certificate(
    bob: Person, ghost: Infiltrator, tmp_path: Path
) -> None:
    context = server_context(tmp_path)

    def open_tls(sock: socket.socket, _: InfoHash) -> None:
        with context.wrap_socket(sock, server_side=True) as inside:
            inside.recv(1)

    words = "rejects your certificate, or has none of this group"
    assert "clocks" in hint_about(open_tls, words, bob, ghost)


@sealed
def test_sealed_peers_are_not_suspected_of_requiring_encryption(
    bob: Person, ghost: Infiltrator
) -> None:
    hint = hint_about(hang_up, "accepts no connection for this", bob, ghost)
    assert "encryption" not in hint
