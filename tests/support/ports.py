"""Ports that stay free: outside the range from which the system takes ports by itself.

A process can then be killed and started again on the same port.
"""

from __future__ import annotations

import os
import socket
import threading

FIRST, LAST = 18_000, 32_000
"""Below Linux's ephemeral ports, which begin at 32768."""

MAX_WORKERS = 8
"""Test processes at once that have a share of the ports each."""

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % MAX_WORKERS
_share = (LAST - FIRST) // MAX_WORKERS
_first = FIRST + _worker * _share
_lock = threading.Lock()
_next = _first + os.getpid() * 37 % _share


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port on which nobody listens; never the same one twice in a test run."""
    global _next
    with _lock:
        for _ in range(_share):
            port = _next
            _next = _next + 1 if _next + 1 < _first + _share else _first
            if _can_listen(host, port):
                return port
    raise RuntimeError(f"no port is free from {_first} on")


def _can_listen(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
