"""Two networks of this machine, joined by a line and by nothing else."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.line.shape import Shape
from tests.support.network.namespace import Network, can_make_networks, new_network

_DEVICE: Final = Path("/dev/net/tun")
_NAME: Final = "line"
_PREFIX: Final = 24
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000


@dataclass(frozen=True)
class End:
    """One end of a line: a network, and its address there."""

    network: Network
    host: str

    def entered(self) -> AbstractContextManager[None]:
        """Move the calling thread into the network: what it starts in the block lives there."""
        return self.network.entered()


def obstacle() -> str:
    """Return what keeps this process from making a line; empty if nothing does."""
    if not can_make_networks():
        return "needs root, to make network namespaces"
    if not _DEVICE.exists():
        return f"needs {_DEVICE}"
    return "" if shutil.which("ip") else "needs ip (Debian's iproute2)"


@contextmanager
def line(shape: Shape) -> Iterator[tuple[End, End]]:
    """Join two new networks by a line; they and it are gone after the block."""
    with ExitStack() as stack:
        ends = [
            End(stack.enter_context(new_network()), host) for host in ("10.77.0.1", "10.77.0.2")
        ]
        devices = [stack.enter_context(_device(end)) for end in ends]
        command = [sys.executable, "-m", "benchmarks.line.carrier", *map(str, devices)]
        command += map(str, (shape.round_trip, shape.rate, shape.loss))
        carrier = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=devices)
        )
        stack.callback(carrier.kill)
        yield ends[0], ends[1]


@contextmanager
def _device(end: End) -> Iterator[int]:
    """Open a TUN device in the end's network, with its address, up."""
    with end.entered():
        device = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK)
        try:
            request = struct.pack("16sH22x", _NAME.encode(), _IFF_TUN | _IFF_NO_PI)
            fcntl.ioctl(device, _TUNSETIFF, request)
            _ip("address", "add", f"{end.host}/{_PREFIX}", "dev", _NAME)
            _ip("link", "set", _NAME, "txqueuelen", "10000", "up")
        except BaseException:
            os.close(device)
            raise
    try:
        yield device
    finally:
        os.close(device)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
