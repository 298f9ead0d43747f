"""The tracker information file: two lines for each tracker, its address and its port."""

from __future__ import annotations

import ipaddress
import re

from common.errors import ErrorCode, MinitorrentError
from common.text import harmless
from common.types import Endpoint

MAX_SIZE = 1024 * 1024
"""Largest accepted file, in bytes."""

_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?\Z"
)
_LONGEST_SHOWN = 300  # characters: host names have at most 253
_LOOKS_NUMERIC = re.compile(r"[0-9.]+\Z")


def parse(text: str) -> list[Endpoint]:
    """Return the trackers' session addresses in order; tracker NUMBER is at NUMBER - 1.

    Blank lines and lines starting with `#` are skipped. An address is an IPv4 address, an IPv6
    address (optionally in brackets) or a host name. Port 0 means any free port. Raises
    MinitorrentError(usage), naming the line, when the text is anything else.
    """
    lines = [
        (number, line.strip())
        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1)
        if line.strip() and not line.strip().startswith("#")
    ]
    if not lines:
        raise _error("The tracker information file lists no tracker; add an address and a port.")
    trackers = []
    for (host_line, host), port in zip(lines[::2], [*lines[1::2], None], strict=False):
        checked = _host(host_line, host)
        if port is None:
            raise _error(f"Line {host_line}: {host!r} has no port; add a line with one after it.")
        trackers.append(Endpoint(checked, _port(*port)))
    return trackers


def parse_host(text: str) -> str:
    """Return an IPv4 address, an IPv6 address (without its brackets, if any) or a host name.

    Raises MinitorrentError(usage) when the text is none of them.
    """
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        if bare != text or _LOOKS_NUMERIC.match(text) or not _HOST_NAME.match(text):
            shown = harmless(text, _LONGEST_SHOWN)
            raise _error(f"{shown!r} is not an address or a host name.") from None
        return text


def _host(line: int, text: str) -> str:
    try:
        return parse_host(text)
    except MinitorrentError as error:
        raise _error(f"Line {line}: {error.message}") from None


def _port(line: int, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise _error(f"Line {line}: {text!r} is not a port; write a number from 0 to 65535.")
    return int(text)


def _error(message: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, message)
