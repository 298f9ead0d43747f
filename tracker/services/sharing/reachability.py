"""Whether other clients can reach a client's port."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from typing import Final

from common.api.presence import CheckPort, CheckPortReply
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tracker.domain.silent_ports import SilentPorts
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.waits import waiting

TIME_LIMIT: Final = 2.0
"""Seconds that a port has to answer; the client's other requests wait meanwhile."""

MAX_DIALS: Final = 16
"""Most ports checked at once."""

_PER_USER = 4


class Reachability:
    """What this tracker knows of clients' ports, as a hint for others. Thread-safe.

    Each tracker knows what it has heard itself, and only for a while. `steady` is a monotonic
    clock.
    """

    def __init__(self, steady: Clock) -> None:
        self._lock = threading.Lock()  # guards the ports
        self._silent = SilentPorts()
        self._steady = steady

    def note(self, port: Endpoint, *, answers: bool) -> None:
        """Remember whether a port has answered somebody."""
        with self._lock:
            if answers:
                self._silent.discard(port)
            else:
                self._silent.note(port, self._steady())

    def is_silent(self, port: Endpoint) -> bool:
        """Return whether a port has lately given no answer."""
        with self._lock:
            return self._silent.has(port, self._steady())


class PortCheckService:
    """Dials clients' ports, only at the address that the request is from."""

    def __init__(self, reachability: Reachability) -> None:
        self._reachability = reachability
        self._lock = threading.Lock()
        self._trying: Counter[int] = Counter()

    def check_port(self, me: Identity, request: CheckPort) -> CheckPortReply:
        """Return whether something accepts connections at this port of the caller's address.

        Raises MinitorrentError(busy).
        """
        reachable = refused = False
        with self._lock:
            if self._trying[me.user_id] >= _PER_USER or self._trying.total() >= MAX_DIALS:
                raise MinitorrentError(
                    ErrorCode.BUSY,
                    "Too many port checks at the moment; try again.",
                    retry_after=1.0,
                )
            self._trying[me.user_id] += 1
        try:
            with waiting():
                socket.create_connection((me.address, request.port), TIME_LIMIT).close()
            reachable = True
        except ConnectionRefusedError:
            refused = True
        except OSError:
            pass
        finally:
            with self._lock:
                self._trying[me.user_id] -= 1
                self._trying += Counter()  # drops zero counts
        self._reachability.note(Endpoint(me.address, request.port), answers=reachable)
        return CheckPortReply(host=me.address, reachable=reachable, refused=refused)
