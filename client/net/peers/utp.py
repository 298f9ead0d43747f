"""Refuses uTP on the UDP port of the same number, so that stock clients dial over TCP at once."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Final

import structlog

from common.wire.utp import refusal

log = structlog.get_logger(__name__)

PAUSE: Final = 0.005
"""Seconds after each packet: limits what a flood of them costs us."""

_LONGEST: Final = 1500
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class UtpRefusal:
    """Refuses uTP where the listener with this socket listens, until closed.

    If another program has the UDP port, nothing is refused, and dialling takes longer.
    """

    def __init__(self, listening: socket.socket) -> None:
        self._closing = threading.Event()
        self._sock = socket.socket(listening.family, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._run, name="uTP refusal", daemon=True)
        try:
            if self._sock.family == socket.AF_INET6:
                only = listening.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
                self._sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
            self._sock.bind(listening.getsockname())
        except OSError as error:
            log.info("can't refuse uTP", error=str(error))
            self._sock.close()
        else:
            self._thread.start()

    def close(self) -> None:
        """Stop refusing; may be called again."""
        if self._thread.ident is None or self._closing.is_set():
            return
        self._closing.set()
        host, *rest = self._sock.getsockname()
        with suppress(OSError):  # wakes the thread
            self._sock.sendto(b"", (_LOOPBACK.get(host, host), *rest))
        self._thread.join(5.0)
        self._sock.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            with suppress(OSError):  # an answer that could not be delivered
                packet, sender = self._sock.recvfrom(_LONGEST)
                answer = refusal(packet)
                if answer is not None:
                    self._sock.sendto(answer, sender)
            self._closing.wait(PAUSE)
