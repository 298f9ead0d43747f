"""How two clients that dial each other recognise the connection, before anything else on it.

Each sends a Hello at once if it has dialled, or as soon as it has the other's if it was dialled:
then both know that they mean each other, and who begins the handshake. That is the one who asked
for the rendezvous, also when both have dialled and TCP made one connection of it (RFC 9293, 3.5).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from common.wire.messages import WireError

OPENING: Final = b"\x0ar"
"""The first bytes of such a connection, which tell it apart (see client.core.protocol.mse)."""

_PREFIX: Final = OPENING + b"endezvous"
_TOKEN: Final = 16
_ASKED: Final = 1
_DIALLED: Final = 2

HELLO_LENGTH: Final = len(_PREFIX) + 1 + _TOKEN


class Hello(NamedTuple):
    """What one side says: the rendezvous' token (hex), and how it came about.

    `asked`: it has asked the tracker for the rendezvous. `dialled`: it has dialled this connection.
    """

    token: str
    asked: bool
    dialled: bool

    def encode(self) -> bytes:
        """Return the bytes to send."""
        flags = (_ASKED if self.asked else 0) | (_DIALLED if self.dialled else 0)
        return _PREFIX + bytes([flags]) + bytes.fromhex(self.token)


def decode_hello(data: bytes) -> Hello:
    """Return what HELLO_LENGTH bytes say; raises WireError for anything else."""
    flags = data[len(_PREFIX)] if len(data) == HELLO_LENGTH else 0xFF
    if not data.startswith(_PREFIX) or flags & ~(_ASKED | _DIALLED):
        raise WireError("not a rendezvous")
    token = data[-_TOKEN:].hex()
    return Hello(token, asked=bool(flags & _ASKED), dialled=bool(flags & _DIALLED))
