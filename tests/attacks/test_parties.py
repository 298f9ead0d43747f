"""A network of addresses is one party; users who share an address are not locked out."""

from __future__ import annotations

import socket
import subprocess
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.tracker.sessions import RefusedError, SessionClient
from tests.support.needs import require
from tests.support.network.namespace import private_network
from tests.support.programs.processes import TrackerProcess
from tests.support.security.secure import SecureStream
from tests.support.waiting import wait_until
from tracker.domain.throttle import PER_ADDRESS

THEIRS, OTHERS = "fd00:0:0:1::", "fd00:0:0:2::"


def have(addresses: list[str]) -> None:
    """Give the private network's loopback device these addresses."""
    for address in addresses:
        command = ["ip", "-6", "address", "add", f"{address}/64", "dev", "lo", "nodad"]
        subprocess.run(command, check=True)


def test_a_network_of_64_bits_is_one_party(tmp_path: Path) -> None:
    require(network=True)
    with private_network(), ExitStack() as opened:
        have([f"{OTHERS}1", *(f"{THEIRS}{number}" for number in range(1, 7))])
        options = ("--max-sessions-per-address", "5")
        tracker = opened.enter_context(TrackerProcess(tmp_path, *options, host="::1"))
        for number in range(1, 6):
            client = SessionClient(tracker.address, f"{THEIRS}{number}")
            opened.enter_context(client).sign_up(f"x{number}")
        sixth = opened.enter_context(SessionClient(tracker.address, f"{THEIRS}6"))
        assert sixth.greeting["error"]["code"] == "tracker_unreachable"
        with SessionClient(tracker.address, f"{OTHERS}1") as other:
            other.sign_up("ann")
            assert other.call("ping") == {}


def test_a_network_of_64_bits_has_one_guessing_budget(tmp_path: Path) -> None:
    require(network=True)
    with private_network(), ExitStack() as opened:
        sources = [f"{THEIRS}{number:x}" for number in range(1, 17)]
        have(sources)
        tracker = opened.enter_context(TrackerProcess(tmp_path, host="::1"))
        clients = [
            opened.enter_context(SessionClient(tracker.address, source)) for source in sources
        ]
        answers = []
        for number in range(1, PER_ADDRESS.burst + 12):
            with pytest.raises(RefusedError) as refused:
                clients[number % 16].login(f"nobody{number}", "wrong-password")
            answers.append(refused.value.code)
        assert answers.count("bad_credentials") < PER_ADDRESS.burst + 10
        assert "too_many_attempts" in answers


def test_silent_sessions_do_not_lock_out_their_address(tmp_path: Path) -> None:
    """Half a handshake, or a whole one and then silence, from an honest client's address."""
    with ExitStack() as opened:
        options = ("--max-sessions-per-address", "20")
        with TrackerProcess(tmp_path, *options) as tracker:
            for number in range(60):
                sock = opened.enter_context(socket.create_connection(tracker.address, 10))
                if number % 2:
                    sock.sendall(b"\x16\x03\x01\x02\x00")
            with SessionClient(tracker.address, "127.0.0.2") as other:
                other.sign_up("bob")

            def get_in() -> bool:
                try:
                    with SecureStream.dial(tracker.address) as stream:
                        return b'"minitorrent"' in stream.readline()
                except OSError:
                    return False

            wait_until(get_in, 40, "somebody else to get in from that address")
            with urllib.request.urlopen(f"http://{tracker.http}/health", timeout=10) as answer:
                assert answer.status == 200
