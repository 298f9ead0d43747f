"""Private networks, for clients that refuse 127.0.0.0/8, such as Transmission, and for more."""

from __future__ import annotations

import ctypes
import ipaddress
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUBNET = ipaddress.IPv4Network("10.99.0.0/24")
"""A network on the private loopback device, in addition to 127.0.0.0/8."""

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def private_network() -> Iterator[Iterator[str]]:
    """Move the calling thread into a new network namespace; yields addresses to use in it.

    The first of them is the one that connections come from unless they are bound to another.
    Transmission 3.00 takes two peers with one address for the same: give each its own. Sockets
    that this thread opens and processes that it starts in the block use that network. The kernel
    removes it when the last of them has gone. Linux only; needs root (OSError).
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _checked(_libc.unshare(CLONE_NEWNET))
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            first = f"{next(SUBNET.hosts())}/{SUBNET.prefixlen}"
            subprocess.run(["ip", "address", "add", first, "dev", "lo"], check=True)
            yield map(str, SUBNET.hosts())
        finally:
            enter_network(home)
    finally:
        os.close(home)


class Network:
    """A network namespace, apart from whatever lives in it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def path(self) -> str:
        """Its name for other processes, while this one holds it."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Move the calling thread into it: what it starts in the block lives there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            enter_network(self._descriptor)
            try:
                yield
            finally:
                enter_network(home)
        finally:
            os.close(home)


@contextmanager
def new_network() -> Iterator[Network]:
    """Make a network with nothing but a loopback device; needs root (OSError).

    The kernel removes it after the block, when the last process and socket in it have gone.
    """
    with private_network():
        descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        yield Network(descriptor)
    finally:
        os.close(descriptor)


def enter_network(descriptor: int) -> None:
    """Move the calling thread into a network namespace that is open; needs root (OSError)."""
    _checked(_libc.setns(descriptor, CLONE_NEWNET))


def can_make_networks() -> bool:
    """Whether this process may make network namespaces."""
    return os.geteuid() == 0 and Path("/proc/thread-self/ns/net").exists()


def _checked(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
