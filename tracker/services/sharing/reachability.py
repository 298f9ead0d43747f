"""Checks whether other clients can reach a client's port."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from typing import Final

from common.api.presence import CheckPort, CheckPortReply
from common.errors import ErrorCode, MinitorrentError
from tracker.services.caller import Identity
from tracker.waits import waiting

TIME_LIMIT: Final = 2.0
"""Seconds that a port has to answer; the client's other requests wait meanwhile."""

MAX_DIALS: Final = 16
"""Most ports checked at once."""

_PER_USER = 4


class PortCheckService:
    """Dials clients' ports, only at the address that the request is from."""

    def __init__(self) -> None:
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
        return CheckPortReply(host=me.address, reachable=reachable, refused=refused)
