"""A small internet: a public host, homes behind routers, and a network that has only IPv6.

    with small_internet(tmp_path) as internet:
        hub, home = internet.hub, internet.home(Nat.KEEPING)
        host = home.host()
        with host.entered():
            ...  # sockets and processes that this thread opens live there

It is made of network namespaces without names, so several can exist at once, and nothing is left
of one whose processes have ended, however they did. All homes use the same private addresses, as
real ones do. Needs root, `ip` and `nft`; a home with UPnP needs `miniupnpd`.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final

import pytest

from tests.support.needs import require
from tests.support.network.namespace import Network, can_make_networks, new_network
from tests.support.network.router import Nat, configure, port_mapping

OUTSIDE: Final = IPv4Network("45.80.0.0/16")
OUTSIDE_IPV6: Final = IPv6Network("2a00:8080::/64")
"""Addresses that routers and clients take for public ones: those for documentation they don't."""

INSIDE: Final = IPv4Network("192.168.1.0/24")
"""The network in every home."""

_LAN, _WAN, _ETH = "lan", "wan", "eth0"
_BRIDGE: Final = "bridge0"
TOOLS: Final = ("ip", "nft", "miniupnpd", "setpriv")
"""The programs that it needs."""


@dataclass(frozen=True)
class Host:
    """A computer: its network and its own addresses."""

    network: Network
    ipv4: str | None
    ipv6: str | None = None

    @property
    def address(self) -> str:
        """The first of its addresses."""
        address = self.ipv4 or self.ipv6
        assert address is not None
        return address

    def entered(self) -> AbstractContextManager[None]:
        """Move the calling thread to this host: what it starts in the block lives there."""
        return self.network.entered()


class Home:
    """A network behind a router; `outer` is the address that others see."""

    def __init__(self, stack: ExitStack, router: Network, outer: str) -> None:
        self._stack = stack
        self._addresses = INSIDE.hosts()
        self.router = router
        self.outer = outer
        self.inner = str(next(self._addresses))
        with router.entered():
            _ip(f"link add {_LAN} type bridge", f"link set {_LAN} up")
            _ip(f"address add {self.inner}/{INSIDE.prefixlen} dev {_LAN}")

    def host(self) -> Host:
        """Add a computer."""
        network, address = self._stack.enter_context(new_network()), str(next(self._addresses))
        _plug(network, self.router, _LAN, f"lan-{address.rpartition('.')[2]}")
        with network.entered():
            _ip(f"address add {address}/{INSIDE.prefixlen} dev {_ETH}")
            _ip(f"route add default via {self.inner}")
        return Host(network, address)


class Internet:
    """What `small_internet` makes; `hub` is a public host with IPv4 and IPv6, for a tracker."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._numbers = iter(range(1, OUTSIDE.num_addresses))
        self._exchange = stack.enter_context(new_network())
        with self._exchange.entered():
            _ip(f"link add {_BRIDGE} type bridge", f"link set {_BRIDGE} up")
        self.hub = self.public()

    def public(self) -> Host:
        """Add a computer that everybody can reach, over IPv4 and IPv6."""
        number, network = self._join(_ETH)
        address, ipv6 = str(OUTSIDE[number]), str(OUTSIDE_IPV6[number])
        with network.entered():
            _ip(f"address add {address}/{OUTSIDE.prefixlen} dev {_ETH}")
            _ip(f"address add {ipv6}/{OUTSIDE_IPV6.prefixlen} dev {_ETH} nodad")
        return Host(network, address, ipv6)

    def ipv6_only(self) -> Host:
        """Add a computer that everybody with IPv6 can reach, and nobody else."""
        number, network = self._join(_ETH)
        ipv6 = str(OUTSIDE_IPV6[number])
        with network.entered():
            _ip(f"address add {ipv6}/{OUTSIDE_IPV6.prefixlen} dev {_ETH} nodad")
        return Host(network, None, ipv6)

    def home(self, nat: Nat, *, maps_ports: bool = False, only_upnp: bool = False) -> Home:
        """Add a home without computers yet; its router may map ports on request, perhaps only by
        UPnP.
        """
        number, router = self._join(_WAN)
        outer = str(OUTSIDE[number])
        with router.entered():
            _ip(f"address add {outer}/{OUTSIDE.prefixlen} dev {_WAN}")
        home = Home(self._stack, router, outer)
        with router.entered():
            configure(nat, _LAN, _WAN)
            if maps_ports:
                folder = self._folder / f"router-{number}"
                folder.mkdir(parents=True)
                self._stack.enter_context(
                    port_mapping(folder, _LAN, _WAN, INSIDE, only_upnp=only_upnp)
                )
        return home

    def _join(self, device: str) -> tuple[int, Network]:
        """Connect a new network to all others; return its number and itself."""
        number, network = next(self._numbers), self._stack.enter_context(new_network())
        _plug(network, self._exchange, _BRIDGE, f"port-{number}", device)
        return number, network


@contextmanager
def small_internet(folder: Path) -> Iterator[Internet]:
    """Make one with nothing but its hub; routers keep their files in the folder."""
    with ExitStack() as stack:
        yield Internet(stack, folder)


def obstacle() -> str:
    """Return what keeps this process from making one; empty if nothing does."""
    if not can_make_networks():
        return "needs root, to make network namespaces"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"needs {', '.join(missing)}" if missing else _kernel_obstacle()


def require_internet() -> None:
    """Skip the test where this is impossible; in CI only for what the kernel lacks."""
    require(*TOOLS, network=True)
    if reason := _kernel_obstacle():
        pytest.skip(reason)


def _kernel_obstacle() -> str:
    """Try the parts that a kernel may lack."""
    try:
        with new_network() as router, new_network() as host, router.entered():
            _ip(f"link add {_LAN} type bridge")
            _plug(host, router, _LAN, "lan-1")
            configure(Nat.RANDOM, _LAN, _WAN)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"needs a kernel with veth, bridge and nftables: {error}"
    return ""


def _plug(network: Network, into: Network, bridge: str, port: str, device: str = _ETH) -> None:
    """Connect a network to a bridge in another one by a cable."""
    with into.entered():
        _ip(f"link add {port} type veth peer name {device} netns {network.path}")
        _ip(f"link set {port} master {bridge}", f"link set {port} up")
    with network.entered():
        _ip(f"link set {device} up")


def _ip(*lines: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines).encode(), check=True, timeout=20)
