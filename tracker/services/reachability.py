"""Whether a client's port can be reached from elsewhere than itself."""

from __future__ import annotations

import socket
from typing import Final

from common.api.presence import CheckPort, CheckPortReply
from tracker.services.caller import Identity

TIME_LIMIT: Final = 2.0
"""Seconds that a port has to answer; the asker's own requests wait so long."""


class Reachability:
    """Tries the ports of those who ask, at the address that they ask from and no other."""

    def check_port(self, me: Identity, request: CheckPort) -> CheckPortReply:
        """Whether the asker accepts connections at this port."""
        try:
            socket.create_connection((me.address, request.port), TIME_LIMIT).close()
        except OSError:
            reachable = False
        else:
            reachable = True
        return CheckPortReply(host=me.address, reachable=reachable)
