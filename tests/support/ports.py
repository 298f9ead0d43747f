"""Ports that stay free: outside the range that the system assigns.

A process can then be killed and started again on the same port. Test processes that run at the
same time keep out of each other's way: each locks a share of the ports for as long as it runs.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
import threading
from functools import cache
from pathlib import Path

FIRST, LAST = 18_000, 32_000
"""Below Linux's ephemeral ports, which begin at 32768."""

SHARE = 500
"""The number of ports that each test process reserves."""

_lock = threading.Lock()
_given = 0


def free_port(host: str = "127.0.0.1") -> int:
    """Return a free TCP port; not one of the last few hundred returned."""
    global _given
    with _lock:
        for _ in range(SHARE):
            port = _first() + _given % SHARE
            _given += 1
            if _can_listen(host, port):
                return port
    raise RuntimeError(f"no port is free from {_first()} on")


@cache
def _first() -> int:
    """Return the first port of this process's range, which is locked until the process exits."""
    folder = Path(tempfile.gettempdir()) / f"minitorrent-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for first in range(FIRST, LAST, SHARE):
        lock = os.open(folder / str(first), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return first  # the descriptor, and with it the lock, is kept open on purpose
    raise RuntimeError("too many tests run at the same time")


def _can_listen(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
