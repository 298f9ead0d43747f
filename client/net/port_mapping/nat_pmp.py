"""NAT-PMP (RFC 6886), which routers with PCP (RFC 6887) understand as well."""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from client.net.port_mapping.router import LIFETIME, Grant, RouterError

PORT: Final = 5351
_PAUSES: Final = (0.25, 0.5, 1.0)
"""Seconds to wait for an answer, before the question is sent again and for the last time."""

_VERSION: Final = 0
_ADDRESS, _MAP_TCP = 0, 2
_ANSWER: Final = 128  # added to the question's opcode
_ROUTES: Final = Path("/proc/net/route")
_UP_GATEWAY: Final = 0x3
_LONGEST: Final = 1100  # bytes of a packet of PCP


class NatPmp:
    """A router at this address, which only itself can answer for."""

    name = "NAT-PMP"

    def __init__(self, gateway: str, port: int = PORT) -> None:
        self._where = gateway, port
        self._outer_port = 0

    def map(self, port: int) -> Grant:
        """See Router."""
        host = IPv4Address(self._ask(struct.pack("!BB", _VERSION, _ADDRESS), 12)[8:12])
        wanted = self._outer_port or port
        answer = self._ask(_mapping(port, wanted, LIFETIME), 16)
        inner, outer, lifetime = struct.unpack("!HHI", answer[8:16])
        if inner != port or not outer or not lifetime:
            raise RouterError("it answers for another port")
        self._outer_port = outer
        return Grant(str(host), outer, min(lifetime, LIFETIME))

    def unmap(self, port: int) -> None:
        """See Router."""
        self._ask(_mapping(port, 0, 0), 16)

    def _ask(self, question: bytes, length: int) -> bytes:
        """Return the answer to a question, which has at least so many bytes."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(self._where)
            for pause in _PAUSES:
                sock.settimeout(pause)
                sock.send(question)
                try:
                    answer = sock.recv(_LONGEST)
                except TimeoutError:
                    continue
                return _checked(question, answer, length)
        raise RouterError("it gives no answer")


def _mapping(port: int, outer: int, lifetime: int) -> bytes:
    return struct.pack("!BBHHHI", _VERSION, _MAP_TCP, 0, port, outer, lifetime)


def _checked(question: bytes, answer: bytes, length: int) -> bytes:
    if len(answer) < length or answer[0] != _VERSION or answer[1] != question[1] + _ANSWER:
        raise RouterError("its answer makes no sense")
    (code,) = struct.unpack("!H", answer[2:4])
    if code:
        raise RouterError(f"it refuses: {code}")
    return answer


def gateway() -> str | None:
    """Return the router that leads out of this network; None if the system doesn't tell."""
    try:
        lines = _ROUTES.read_text().splitlines()[1:]
    except OSError:
        return None
    for line in lines:
        _, target, through, flags, *_ = line.split()
        if int(target, 16) == 0 and int(flags, 16) & _UP_GATEWAY == _UP_GATEWAY:
            return str(IPv4Address(int(through, 16).to_bytes(4, "little")))
    return None
