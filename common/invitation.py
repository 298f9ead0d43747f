"""Invitations as text: one word that names the trackers, the group and the code.

The word is `mt1` followed by base64url (RFC 4648) of the bencoded dictionary `c` (the code, 16
bytes), `g` (the group) and `t` (a list of trackers, each a list of host, port and the SHA-256 of
its certificate), and of the first four bytes of that dictionary's SHA-256, by which a mistyped or
cut word is recognized. It has no character that a shell, a page or an email would quote or break.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

import bencode2

from common.api.model import NAME
from common.bencoding import BencodeError, Reader
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint

MAX_LENGTH = 4096
"""Longest accepted text, in characters."""

MAX_TRACKERS = 16

_PREFIX = "mt1"
_CODE_BYTES = 16
_FINGERPRINT_BYTES = 32
_CHECK_BYTES = 4
_WRAPPING = "<>\"'`()[]"
_SCHEME = "minitorrent:"


@dataclass(frozen=True, slots=True)
class InvitedTracker:
    """A tracker's session address and the SHA-256 of its certificate (DER)."""

    address: Endpoint
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class InvitationText:
    """What an invitation says; the code is a secret."""

    group: str
    code: str = field(repr=False)
    """As the tracker gave it: 128 bits, base64url without padding."""
    trackers: tuple[InvitedTracker, ...]

    def encode(self) -> str:
        """Return the invitation as one word."""
        content = bencode2.bencode(
            {
                b"c": _from_base64(self.code),
                b"g": self.group.encode(),
                b"t": [
                    [tracker.address.host.encode(), tracker.address.port, tracker.fingerprint]
                    for tracker in self.trackers
                ],
            }
        )
        return _PREFIX + _to_base64(content + _checksum(content))


def parse(text: str) -> InvitationText:
    """Parse an invitation as it was pasted: with blanks, brackets or a scheme around it.

    Raises MinitorrentError(invite_invalid) if it is anything else, or damaged.
    """
    word = "".join(text.split()).strip(_WRAPPING).removeprefix(_SCHEME).strip("/")
    if not word.startswith(_PREFIX) or len(word) > MAX_LENGTH:
        raise _invalid("is not an invitation; one begins with mt1")
    try:
        data = _from_base64(word[len(_PREFIX) :])
    except (ValueError, binascii.Error):
        raise _invalid("is damaged; copy the whole invitation") from None
    content, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    if _checksum(content) != check:
        raise _invalid("is damaged; copy the whole invitation")
    try:
        return _read(content)
    except (BencodeError, ValueError, MinitorrentError):
        raise _invalid("is of a newer version of Minitorrent, or damaged") from None


def _read(content: bytes) -> InvitationText:
    reader = Reader(content, max_values=10 + 4 * MAX_TRACKERS, max_depth=4)
    code, group, trackers = b"", "", []
    for key in reader.dictionary():
        if key == b"c":
            code = _sized(reader.scalar(), _CODE_BYTES)
        elif key == b"g":
            group = _text(reader.scalar())
        elif key == b"t":
            trackers = [_tracker(reader) for _ in reader.items()]
        else:
            reader.skip()
    if not code or not NAME.match(group) or not trackers:
        raise ValueError("a field is missing")
    return InvitationText(group, _to_base64(code), tuple(trackers))


def _tracker(reader: Reader) -> InvitedTracker:
    host, port, fingerprint = [reader.scalar() for _ in reader.items()]
    if not isinstance(port, int):
        raise ValueError("a port is a number")
    address = Endpoint.parse(str(Endpoint(_text(host), port)))
    return InvitedTracker(address, _sized(fingerprint, _FINGERPRINT_BYTES))


def _sized(value: object, size: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != size:
        raise ValueError(f"expected {size} bytes")
    return value


def _text(value: object) -> str:
    if not isinstance(value, bytes):
        raise ValueError("expected a text")
    return value.decode("ascii")


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_CHECK_BYTES]


def _to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _invalid(reason: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.INVITE_INVALID, f"This {reason}.")
