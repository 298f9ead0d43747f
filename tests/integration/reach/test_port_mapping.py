"""Ports that a real router maps: miniupnpd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.content import make_file, sha256
from tests.support.network.internet import Home, require_internet
from tests.support.network.router import Nat, mapped_ports
from tests.support.network.scattered import ScatteredLab
from tests.support.programs.lab import GROUP
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until

OFF = "--no-port-mapping"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[ScatteredLab]:
    require_internet()
    with ScatteredLab(tmp_path) as lab:
        yield lab


def mapped(home: Home) -> set[int]:
    with home.router.entered():
        return mapped_ports()


def checks(client: ClientProcess) -> dict[str, str]:
    return {row["name"]: row["hint"] for row in client.ok("doctor")["checks"]}


@pytest.mark.parametrize(("only_upnp", "spoken"), [(False, "NAT-PMP"), (True, "UPnP")])
def test_a_client_at_home_is_dialled_from_outside(
    lab: ScatteredLab, only_upnp: bool, spoken: str
) -> None:
    home = lab.internet.home(Nat.RANDOM, maps_ports=True, only_upnp=only_upnp)
    ann, bob = lab.member("ann", home.host()), lab.member("bob", lab.internet.public())
    port = ann.address.port
    wait_until(lambda: mapped(home) == {port}, what="the port to be mapped")
    wait_until(lambda: spoken in checks(ann)["port mapping"], what="doctor to say so")
    assert f"{home.outer}:{port}" in checks(ann)["port"]
    content = make_file(lab.folder / "film", 1_000_000)
    ann.ok("upload_file", str(content), GROUP)
    wait_until(lambda: lab.lab.seeders("film"), what="it to be seeded")
    assert sha256(bob.download(GROUP, "film", lab.folder / "copies")) == sha256(content)
    ann.terminate()
    assert mapped(home) == set(), "the mapping is removed at the end"


def test_it_can_be_switched_off(lab: ScatteredLab) -> None:
    home = lab.internet.home(Nat.KEEPING, maps_ports=True)
    ann = lab.member("ann", home.host(), OFF)
    assert checks(ann)["port mapping"] == "Not used."
    bob = lab.member("bob", home.host())
    wait_until(lambda: mapped(home) == {bob.address.port}, what="bob's port to be mapped")
    assert bob.ok("settings", "port_mapping", "off")["settings"]["port_mapping"] == "off"
