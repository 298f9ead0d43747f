"""Members find each other at whichever of their addresses leads there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.content import make_file, sha256
from tests.support.network.internet import require_internet
from tests.support.network.router import Nat
from tests.support.network.scattered import ScatteredLab
from tests.support.programs.lab import GROUP
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until

SIZE = 30_000_000  # bytes: long enough on their way to see whom they come from


@pytest.fixture(params=["sealed", "open"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ScatteredLab]:
    require_internet()
    with ScatteredLab(tmp_path, is_open=request.param == "open") as lab:
        yield lab


def send(lab: ScatteredLab, sender: ClientProcess, receiver: ClientProcess) -> str:
    """Have a member send a file to another; return the address where they met."""
    name = f"{sender.folder.name} to {receiver.folder.name}"
    content = make_file(lab.folder / "content" / name, SIZE)
    sender.ok("upload_file", str(content), GROUP)
    wait_until(lambda: lab.lab.seeders(name), what="it to be seeded")
    peer, copy = fetch(lab, receiver, name)
    assert sha256(copy) == sha256(content)
    return str(peer["address"].rpartition(":")[0]).strip("[]")


def fetch(lab: ScatteredLab, receiver: ClientProcess, name: str) -> tuple[dict[str, Any], Path]:
    """Download a file; return the peer that it comes from, and the copy."""

    def source() -> dict[str, Any] | None:
        peers = receiver.ok("peers", GROUP, name)["peers"]
        return next((peer for peer in peers if peer["downloaded"]), None)

    answer = receiver.ok("download_file", GROUP, name, f"{lab.folder}/copies/")
    peer = wait_until(source, what="the first byte", interval=0.005)
    receiver.wait_complete(GROUP, name)
    return peer, Path(answer["destination"])


def test_two_in_one_home(lab: ScatteredLab) -> None:
    home = lab.internet.home(Nat.KEEPING)
    places = home.host(), home.host()
    ann, bob = (lab.member(name, host) for name, host in zip(("ann", "bob"), places, strict=True))
    assert send(lab, ann, bob) == places[0].address
    assert send(lab, bob, ann) == places[1].address


def test_one_with_ipv6_only_and_one_with_both(lab: ScatteredLab) -> None:
    public, only = lab.internet.public(), lab.internet.ipv6_only()
    ann, bob = lab.member("ann", public), lab.member("bob", only)
    assert send(lab, bob, ann) == only.ipv6
    assert send(lab, ann, bob) == public.ipv6


def test_two_homes_with_the_same_address_inside(lab: ScatteredLab) -> None:
    """Nobody dials the own network for an address inside a stranger's."""
    public = lab.internet.public()
    hosts = [lab.internet.home(Nat.KEEPING).host() for _ in range(2)]
    assert hosts[0].address == hosts[1].address
    cat = lab.member("cat", public)
    ann, bob = (lab.member(name, host) for name, host in zip(("ann", "bob"), hosts, strict=True))
    content = make_file(lab.folder / "content" / "shared", SIZE)
    for one in (cat, ann):
        one.ok("upload_file", str(content), GROUP)
    wait_until(lambda: lab.lab.seeders("shared") == 2, what="both to seed")
    assert fetch(lab, bob, "shared")[0]["user"] == "cat"
