"""Codes by which `minitorrent open` opens the page without showing its token to other users.

The address that a browser is started with is in its command line, which other users of the machine
can read. So it has a code instead of the token. A code works once, within a minute, and only for
a connection of the user who runs the client.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from common.types import Endpoint

_LIFETIME: Final = 60.0  # seconds
_MOST_CODES: Final = 100
_TABLES: Final = ("tcp", "tcp6")
_ENDS_AND_STATE, _USER = slice(1, 4), 7  # columns of these tables
_ESTABLISHED: Final = "01"


def is_own_connection(
    browser: Endpoint, server: Endpoint, tables: Path = Path("/proc/net")
) -> bool:
    """Return whether the process at the browser's end of a connection is this user's, or root's.

    Where the system has no table of connections, the code alone has to do.
    """
    ways = [[_in_table(browser), _in_table(server), _ESTABLISHED]]
    if ":" not in browser.host:
        mapped = (Endpoint(f"::ffff:{end.host}", end.port) for end in (browser, server))
        ways.append([*map(_in_table, mapped), _ESTABLISHED])
    has_table = False
    for name in _TABLES:
        try:
            rows = (tables / name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        has_table = True
        for columns in map(str.split, rows):
            if columns[_ENDS_AND_STATE] in ways and int(columns[_USER]) in (os.geteuid(), 0):
                return True
    return not has_table


def _in_table(address: Endpoint) -> str:
    """Return an address as the tables have it: words of 32 bits in the machine's byte order."""
    packed = ipaddress.ip_address(address.host).packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    host = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    return f"{host}:{address.port:04X}"


class OpenCodes:
    """The valid codes; `is_own` is given both ends of a connection (see is_own_connection)."""

    def __init__(
        self,
        is_own: Callable[[Endpoint, Endpoint], bool] = is_own_connection,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_own = is_own
        self._clock = clock
        self._lock = threading.Lock()
        self._ends: dict[str, float] = {}

    def new(self) -> str:
        """Return a new code."""
        code = secrets.token_urlsafe(16)
        with self._lock:
            self._ends[code] = self._clock() + _LIFETIME
            if len(self._ends) > _MOST_CODES:
                del self._ends[next(iter(self._ends))]
        return code

    def take(self, code: str, browser: Endpoint, server: Endpoint) -> bool:
        """Return whether a code is valid for the connection of these ends; it is used up then."""
        with self._lock:
            end = self._ends.get(code)
            if end is None or self._clock() > end or not self._is_own(browser, server):
                return False
            del self._ends[code]
            return True
