"""The session protocol's framing: one JSON object per line. No I/O.

tracker: {"minitorrent": {"version": [1, 1], "server": "minitorrent 0.1.0", "time": "2026-..."}}
client:  {"id": 1, "op": "ping", "args": {}}
tracker: {"id": 1, "ok": true, "result": {}}
tracker: {"event": {...}}                       (a notice, between replies)
tracker: {"rendezvous": {...}}                  (as common.api.rendezvous has it)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import pydantic_core
from pydantic import AwareDatetime, Field

from common.api.events import EventNotice
from common.api.model import Model
from common.api.presence import Failure
from common.api.rendezvous import RendezvousNotice
from common.errors import ErrorCode, MinitorrentError
from common.text import size

PROTOCOL_VERSION = (1, 1)
"""Major and minor version: another major is incompatible, a newer minor is not.

1.1: lists are returned in pages.
"""

LIMIT_BEFORE_LOGIN = 64 * 1024
LIMIT_AFTER_LOGIN = 8 * 1024 * 1024
"""The longest line, in bytes without its newline, that either side accepts."""

MAX_ID = 2**53
"""The largest request number: every JSON reader handles it without loss."""


MAX_MARKS = 20_000
"""Most brackets, colons and commas in a request. They determine the cost of parsing; a long line
may be one long string.
"""

_BEGINNING = re.compile(rb'\s*\{\s*(?:"id"\s*:\s*\d{1,16}\s*,\s*)?"op"\s*:\s*"([a-z_]{1,64})"')
_PEEKED = 256


class LineTooLongError(MinitorrentError):
    """The other side sent a line over the limit; the stream can't be read any further."""

    def __init__(self, limit: int) -> None:
        super().__init__(ErrorCode.USAGE, f"A line is longer than {size(limit)}.")


class LineDecoder:
    """Splits a byte stream, received in arbitrary chunks, into lines.

    `limit` (bytes, without the newline) may be raised between calls. For a longer line, `exception`
    receives its first bytes and returns the length allowed for it; reading such a line stops once
    it has more than MAX_MARKS.
    """

    def __init__(self, limit: int, exception: Callable[[bytes], int] | None = None) -> None:
        self.limit = limit
        self._exception = exception
        self._marks = 0
        self._rest = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of an unfinished line."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without their ends (`\\n` or `\\r\\n`).

        Raises MinitorrentError(usage), including LineTooLongError; the decoder is unusable after
        that.
        """
        if b"\n" not in data:
            self._rest += data
            self._check(self._rest)
            self._marks += _count_marks(data)
            if self._exception is not None and self._marks > MAX_MARKS:
                raise _too_many_parts()
            return []
        self._marks = 0
        first, *others = data.split(b"\n")
        lines = [bytes(self._rest) + first, *others[:-1]]
        self._rest = bytearray(others[-1])
        for line in lines:
            self._check(line)
        self._check(self._rest)
        return [line.removesuffix(b"\r") for line in lines]

    def _check(self, line: bytes | bytearray) -> None:
        limit = self.limit
        if len(line) > limit and self._exception is not None:
            limit = max(limit, self._exception(bytes(line[:_PEEKED])))
        if len(line) > limit:
            raise LineTooLongError(limit)


class Greeting(Model):
    """The tracker's description of itself in its first line; `time` is its current clock.

    Older trackers omit the time.
    """

    version: Annotated[tuple[int, int], Field(strict=False)]
    server: Annotated[str, Field(max_length=200)]
    time: Annotated[AwareDatetime | None, Field(strict=False)] = None


class GreetingLine(Model):
    minitorrent: Greeting


class RequestLine(Model):
    """`id` is the client's number for this request, repeated by the reply."""

    id: Annotated[int, Field(ge=0, le=MAX_ID)]
    op: Annotated[str, Field(max_length=64)]
    args: dict[str, Any] = Field(default_factory=dict)


class ReplyLine(Model):
    """`id` is None when the request was too damaged to have one."""

    id: int | None
    ok: bool
    result: dict[str, Any] | None = None
    error: Failure | None = None


class NoticeLine(Model):
    event: EventNotice


class RendezvousLine(Model):
    rendezvous: RendezvousNotice


def encode_line(message: Model | Mapping[str, object]) -> bytes:
    """Encode one object as a line with its newline; models may be nested in a mapping."""
    return pydantic_core.to_json(message) + b"\n"


def encode_request(number: int, name: str, request: Model) -> bytes:
    """Encode a request for the operation called `name`."""
    return encode_line({"id": number, "op": name, "args": request})


def encode_reply(number: int, reply: Model) -> bytes:
    """Encode the reply to request `number`.

    Raises MinitorrentError(internal) if it is longer than the other side accepts.
    """
    line = encode_line({"id": number, "ok": True, "result": reply})
    check_reply(line)
    return line


def check_reply(encoded: bytes) -> None:
    """Raise MinitorrentError(internal) if a reply is longer than the client accepts."""
    if len(encoded) > LIMIT_AFTER_LOGIN:
        raise MinitorrentError(
            ErrorCode.INTERNAL, "The answer is too long; request fewer rows with a limit."
        )


def encode_error(number: int | None, error: MinitorrentError) -> bytes:
    """Encode the error for request `number`, or None if the number is unknown."""
    failure = failure_of(error)
    return encode_line({"id": number, "ok": False, "error": failure})


def failure_of(error: MinitorrentError) -> Failure:
    """Return an error as replies have it."""
    after = error.retry_after
    return Failure(code=error.code.value, message=error.message, retry_after=after)


def encode_notice(notice: EventNotice) -> bytes:
    """Encode a pushed notice."""
    return encode_line({"event": notice})


def encode_rendezvous(notice: str) -> bytes:
    """Encode a pushed RendezvousNotice, which is JSON already."""
    return b'{"rendezvous":%s}\n' % notice.encode()


def operation_named(beginning: bytes) -> str | None:
    """Return the operation that a request's first bytes name, or None if `op` is not near the
    start.
    """
    found = _BEGINNING.match(beginning)
    return None if found is None else found[1].decode("ascii")


def decode_request(line: bytes) -> dict[str, Any]:
    """Like `decode_line`, for untrusted input: refuses lines that expand to many values."""
    if _count_marks(line) > MAX_MARKS:
        raise _too_many_parts()
    return decode_line(line)


def _count_marks(data: bytes) -> int:
    return sum(map(data.count, (b"[", b"{", b",", b":")))


def _too_many_parts() -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, "This request has too many parts.")


def decode_line(line: bytes) -> dict[str, Any]:
    """Return the JSON object on a line.

    Raises MinitorrentError(usage) for anything else: not UTF-8, not JSON, nested too deep, or with
    a number too long.
    """
    try:
        value = pydantic_core.from_json(line, allow_inf_nan=False)
    except ValueError:
        raise MinitorrentError(ErrorCode.USAGE, "This line is not a JSON object.") from None
    if not isinstance(value, dict):
        raise MinitorrentError(ErrorCode.USAGE, "This line is not a JSON object.")
    return value
