"""Members behind routers, in a small internet: they get through, and quickly."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.content import make_file, sha256
from tests.support.needs import require
from tests.support.network.internet import Home, Host, require_internet
from tests.support.network.router import Nat
from tests.support.network.scattered import ScatteredLab
from tests.support.programs.lab import GROUP
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until

MIB = 1 << 20
FIRST_BYTE = 3.0
"""Seconds from `download_file` until the first byte has arrived."""


@pytest.fixture(params=[False, True], ids=["sealed", "open"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ScatteredLab]:
    require_internet()
    with ScatteredLab(tmp_path, is_open=request.param) as made:
        yield made


def fetched(sender: ClientProcess, receiver: ClientProcess, folder: Path) -> dict[str, Any]:
    """Send a file; return the row of the peer that it came from."""
    content = make_file(folder / f"from {sender.folder.name}", 4 * MIB)
    sender.ok("upload_file", str(content), GROUP)
    wait_until(lambda: is_seeded(sender, content.name), what="the seeder")
    copies = folder / "copies"
    copies.mkdir()
    receiver.ok("limit", "down", "4M")  # so that there is time to look
    began = time.monotonic()
    copy = Path(receiver.ok("download_file", GROUP, content.name, f"{copies}/")["destination"])

    def source() -> dict[str, Any] | None:
        peers = receiver.ok("peers", GROUP, content.name)["peers"]
        return next((peer for peer in peers if peer["downloaded"]), None)

    peer = wait_until(source, what="the first byte", interval=0.01)
    assert time.monotonic() - began < FIRST_BYTE
    receiver.wait_complete(GROUP, content.name)
    assert sha256(copy) == sha256(content)
    return peer


def is_seeded(sender: ClientProcess, name: str) -> bool:
    rows = sender.ok("list_files", GROUP)["files"]
    return any(row["name"] == name and row["seeders"] for row in rows)


def test_two_homes_get_through_both_routers(lab: ScatteredLab, tmp_path: Path) -> None:
    ann = lab.member("ann", lab.internet.home(Nat.KEEPING).host())
    bob = lab.member("bob", lab.internet.home(Nat.KEEPING).host())
    for sender, receiver, place in ((ann, bob, "there"), (bob, ann, "back")):
        (tmp_path / place).mkdir()
        assert fetched(sender, receiver, tmp_path / place)["route"] == "punched"


@pytest.mark.parametrize("nat", Nat)
def test_a_home_calls_whom_it_cant_be_dialled_by(
    lab: ScatteredLab, tmp_path: Path, nat: Nat
) -> None:
    ann = lab.member("ann", lab.internet.home(nat).host())
    bob = lab.member("bob", lab.internet.public())
    ways = {"called"} if nat is Nat.RANDOM else {"called", "punched"}  # bob has dialled, too
    assert fetched(ann, bob, tmp_path)["route"] in ways


def test_a_mapped_port_is_dialled(lab: ScatteredLab, tmp_path: Path) -> None:
    home = lab.internet.home(Nat.KEEPING, maps_ports=True)
    ann, bob = lab.member("ann", home.host()), lab.member("bob", lab.internet.public())
    wait_until(lambda: reaches_port(ann), 60.0, what="the mapping")
    content = make_file(tmp_path / "content", 16 * MIB)
    ann.ok("upload_file", str(content), GROUP)
    wait_until(lambda: is_seeded(ann, "content"), what="the seeder")
    bob.ok("limit", "down", "2M")
    (tmp_path / "copies").mkdir()
    bob.ok("download_file", GROUP, "content", f"{tmp_path}/copies/")

    def routes(client: ClientProcess) -> list[str]:
        return [peer["route"] for peer in client.ok("peers", GROUP, "content")["peers"]]

    wait_until(lambda: routes(bob) == ["mapped"], what="the connection")
    assert routes(ann) == ["mapped"]


def reaches_port(client: ClientProcess) -> bool:
    checks = client.ok("doctor")["checks"]
    return any(check["name"] == "port" and check["ok"] for check in checks)


@pytest.fixture
def relaying(tmp_path: Path) -> Iterator[ScatteredLab]:
    require_internet()
    with ScatteredLab(tmp_path, "--relay", "--relay-rate", "2M") as made:
        yield made


def test_a_relay_joins_who_cant_meet_and_learns_nothing(
    relaying: ScatteredLab, tmp_path: Path
) -> None:
    ann = relaying.member("annabella", relaying.internet.home(Nat.KEEPING).host())
    bob = relaying.member("bartholomew", relaying.internet.home(Nat.RANDOM).host())
    with captured(relaying.internet.hub, tmp_path / "packets") as packets:
        began = time.monotonic()
        assert fetched(ann, bob, tmp_path)["route"] == "relayed"
        assert time.monotonic() - began > 1.5  # 4 MiB at 2 MiB/s, with a burst
    seen = packets.read_bytes()
    content = (tmp_path / "from annabella").read_bytes()
    assert len(seen) > 2 * len(content)  # it came in, and went out
    pieces = [content[place : place + 16] for place in range(0, len(content), MIB // 4)]
    for secret in (b"from annabella", b"annabella", b"bartholomew", *pieces):
        assert secret not in seen


@contextmanager
def captured(host: Host, file: Path) -> Iterator[Path]:
    """Capture all that a host sends and receives in the block."""
    require("tcpdump")
    command = ["tcpdump", "--immediate-mode", "-Z", "root", "-U", "-i", "eth0", "-w", str(file)]
    with host.entered(), subprocess.Popen(command, stderr=subprocess.PIPE) as dump:
        assert dump.stderr is not None
        dump.stderr.readline()  # it listens
        yield file
        dump.terminate()


def test_a_relay_is_left_when_a_direct_way_is_found(relaying: ScatteredLab, tmp_path: Path) -> None:
    home = relaying.internet.home(Nat.RANDOM)
    inside = home.host()
    ann = relaying.member("ann", inside)
    bob = relaying.member("bob", relaying.internet.home(Nat.RANDOM).host())
    content = make_file(tmp_path / "content", 64 * MIB)
    ann.ok("upload_file", str(content), GROUP)
    wait_until(lambda: is_seeded(ann, "content"), what="the seeder")
    bob.ok("limit", "down", "1M")
    (tmp_path / "copies").mkdir()
    bob.ok("download_file", GROUP, "content", f"{tmp_path}/copies/")

    def routes() -> list[str]:
        return [peer["route"] for peer in bob.ok("peers", GROUP, "content")["peers"]]

    wait_until(lambda: routes() == ["relayed"], what="the relay")
    forward(home, inside, ann.address.port)
    wait_until(lambda: routes() == ["direct"], 60.0, what="the direct way")


def forward(home: Home, to: Host, port: int) -> None:
    """Have a home's router let connections to a port in."""
    rules = (
        f"insert rule inet home prerouting iifname wan tcp dport {port} dnat ip to {to.ipv4}",
        f"insert rule inet home forward iifname wan tcp dport {port} accept",
    )
    with home.router.entered():
        for rule in rules:
            subprocess.run(["nft", *rule.split()], check=True)


def test_why_says_that_there_is_no_way(lab: ScatteredLab, tmp_path: Path) -> None:
    ann = lab.member("ann", lab.internet.home(Nat.KEEPING).host())
    bob = lab.member("bob", lab.internet.home(Nat.RANDOM).host())
    content = make_file(tmp_path / "content", MIB)
    ann.ok("upload_file", str(content), GROUP)
    wait_until(lambda: is_seeded(ann, "content"), what="the seeder")
    (tmp_path / "copies").mkdir()
    bob.ok("download_file", GROUP, "content", f"{tmp_path}/copies/")

    def reason() -> str:
        return str(bob.ok("why", GROUP, "content")["reason"])

    wait_until(lambda: "can't reach you, either" in reason(), 60.0, what="the reason")
