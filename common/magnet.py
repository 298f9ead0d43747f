"""Magnet links: a torrent named by its info-hash alone (BEP 9)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl, quote

from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, InfoHash, info_hash_from_hex

MAX_LENGTH = 16 * 1024
"""Longest accepted link, in characters."""

MAX_PEERS = 16
"""Most peer addresses read from one link; the rest are ignored."""

_SCHEME = "magnet:"
_BLANKS = " \t\r\n\f\v\u00a0\u200b\ufeff"
_QUOTES = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
_BEFORE = _BLANKS + _QUOTES + "<([{"
_AFTER = _BLANKS + _QUOTES + "<>.,;!?"
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_LINE_BREAK = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_VERSION_1 = "urn:btih:"
_VERSION_2 = "urn:btmh:"


@dataclass(frozen=True, slots=True)
class Magnet:
    """The contents of a link: `name` is for display only, `peers` (`x.pe`) lists addresses of
    peers.
    """

    info_hash: InfoHash
    name: str | None = None
    trackers: tuple[str, ...] = ()
    """Announce addresses (`tr`)."""
    peers: tuple[Endpoint, ...] = ()

    def encode(self) -> str:
        """Return the link, without characters that a shell, a page or an email would quote."""
        fields = [f"xt={_VERSION_1}{self.info_hash.hex()}"]
        if self.name is not None:
            fields.append(f"dn={_quote(self.name)}")
        fields += [f"tr={_quote(url)}" for url in self.trackers]
        fields += [f"x.pe={peer}" for peer in self.peers]
        return f"{_SCHEME}?{'&'.join(fields)}"


def is_magnet(text: str) -> bool:
    """Return whether the text begins like a magnet link, perhaps after a bracket or a quote."""
    return text.lstrip(_BEFORE)[: len(_SCHEME)].lower() == _SCHEME


def pasted(text: str) -> str:
    """Return a pasted link without what surrounds it: blanks, brackets, quotes, punctuation.

    Line breaks within it are removed with the blanks around them, other blanks stay.
    """
    text = _LINE_BREAK.sub("", text.strip(_BLANKS)).replace("\\", "").replace("&amp;", "&")
    text = text.lstrip(_BEFORE)
    while text and (text[-1] in _AFTER or _closes_nothing(text)):
        text = text[:-1]
    return text


def _closes_nothing(text: str) -> bool:
    """Return whether the last character is a bracket that is not opened in the text."""
    opening = _BRACKETS.get(text[-1])
    return opening is not None and text.count(text[-1]) > text.count(opening)


def parse(text: str) -> Magnet:
    """Parse a magnet link, also as `pasted`, ignoring unknown fields and damaged peer addresses.

    Raises MinitorrentError(usage) unless it names exactly one torrent by its version 1 info-hash
    (SHA-1), in hexadecimal or base32.
    """
    if not is_magnet(text) or len(text) > MAX_LENGTH:
        _refuse("is not valid, or too long; a magnet link begins with magnet:?xt=urn:btih:")
    query = pasted(text)[len(_SCHEME) :].lstrip("/").removeprefix("?")
    fields: dict[str, list[str]] = {}
    for key, value in parse_qsl(query, errors="replace"):
        fields.setdefault(_unnumbered(key.lower()), []).append(value)
    return Magnet(
        _info_hash(fields.get("xt", [])),
        name=next(iter(fields.get("dn", [])), None),
        trackers=tuple(fields.get("tr", [])),
        peers=tuple(_endpoints(fields.get("x.pe", [])))[:MAX_PEERS],
    )


def _unnumbered(key: str) -> str:
    """Return `tr` for `tr.1`: a link may number repeated fields."""
    head, dot, number = key.rpartition(".")
    return head if dot and number.isdigit() else key


def _info_hash(topics: list[str]) -> InfoHash:
    named = {_digest(topic[len(_VERSION_1) :]) for topic in topics if _starts(topic, _VERSION_1)}
    if len(named) > 1:
        _refuse("names several torrents; give one link for each")
    if not named and any(_starts(topic, _VERSION_2) for topic in topics):
        _refuse("uses only version 2 of the format; ask for one with xt=urn:btih:")
    if not named:
        _refuse("names no torrent: it has no xt=urn:btih:; copy the whole link, in quotes")
    return named.pop()


def _starts(topic: str, prefix: str) -> bool:
    return topic[: len(prefix)].lower() == prefix


def _digest(text: str) -> InfoHash:
    try:
        text = "".join(text.split())
        digits = base64.b32decode(text.upper()).hex() if len(text) == 32 else text
        return info_hash_from_hex(digits)
    except ValueError:
        _refuse("is damaged: an info-hash has 40 hexadecimal digits, or 32 letters and digits")


def _endpoints(values: Iterable[str]) -> Iterable[Endpoint]:
    for value in values:
        with suppress(MinitorrentError):
            endpoint = Endpoint.parse(value)
            if endpoint.port:
                yield endpoint


def _quote(text: str) -> str:
    quoted = quote(text.encode("utf-8", "surrogatepass"), safe="")
    # At the end of a sentence, a full stop isn't part of the link.
    return f"{quoted[:-1]}%2E" if quoted.endswith(".") else quoted


def _refuse(reason: str) -> NoReturn:
    raise MinitorrentError(ErrorCode.USAGE, f"This magnet link {reason}.")
