"""The session protocol's framing: JSON, one object a line, without any input or output.

tracker: {"minitorrent": {"version": [1, 0], "server": "minitorrent 0.1.0", "time": "2026-..."}}
client:  {"id": 1, "op": "ping", "args": {}}
tracker: {"id": 1, "ok": true, "result": {}}
tracker: {"event": {...}}                       (a notice, between replies)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pydantic_core
from pydantic import AwareDatetime, Field

from common.api.events import EventNotice
from common.api.model import Model
from common.api.presence import Failure
from common.errors import ErrorCode, MinitorrentError

PROTOCOL_VERSION = (1, 0)
"""Major and minor: another major can't be talked to, a newer minor can."""

LIMIT_BEFORE_LOGIN = 64 * 1024
LIMIT_AFTER_LOGIN = 8 * 1024 * 1024
"""The longest line, in bytes without its end, that either side accepts."""

MAX_ID = 2**53
"""The largest number of a request: what every JSON reader takes without loss."""


class LineTooLongError(MinitorrentError):
    """The other side sent a line above the limit; the stream can't be read any further."""

    def __init__(self, limit: int) -> None:
        super().__init__(ErrorCode.USAGE, f"A line is longer than {limit} bytes.")


class LineDecoder:
    """Cuts a byte stream, arriving in any pieces, into lines.

    `limit` (bytes, without the line's end) may be raised between two calls.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._rest = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of an unfinished line."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends (`\\n` or `\\r\\n`).

        Raises LineTooLongError; the decoder is of no use after that.
        """
        if b"\n" not in data:
            self._rest += data
            if len(self._rest) > self.limit:
                raise LineTooLongError(self.limit)
            return []
        first, *others = data.split(b"\n")
        lines = [bytes(self._rest) + first, *others[:-1]]
        self._rest = bytearray(others[-1])
        if max(len(self._rest), *map(len, lines)) > self.limit:
            raise LineTooLongError(self.limit)
        return [line.removesuffix(b"\r") for line in lines]


class Greeting(Model):
    """What the tracker says of itself in its first line; `time` is its clock's at that moment.

    Older trackers tell no time.
    """

    version: Annotated[tuple[int, int], Field(strict=False)]
    server: Annotated[str, Field(max_length=200)]
    time: Annotated[AwareDatetime | None, Field(strict=False)] = None


class GreetingLine(Model):
    minitorrent: Greeting


class RequestLine(Model):
    """`id` is the client's own number for this request; the reply repeats it."""

    id: Annotated[int, Field(ge=0, le=MAX_ID)]
    op: Annotated[str, Field(max_length=64)]
    args: dict[str, Any] = Field(default_factory=dict)


class ReplyLine(Model):
    """`id` is None when the request was so damaged that it had none."""

    id: int | None
    ok: bool
    result: dict[str, Any] | None = None
    error: Failure | None = None


class NoticeLine(Model):
    event: EventNotice


def encode_line(message: Model | Mapping[str, object]) -> bytes:
    """One object as a line, with its end; models may stand inside a mapping."""
    return pydantic_core.to_json(message) + b"\n"


def encode_request(number: int, name: str, request: Model) -> bytes:
    """A request line for the operation called `name`."""
    return encode_line({"id": number, "op": name, "args": request})


def encode_reply(number: int, reply: Model) -> bytes:
    """The line that answers request `number`."""
    return encode_line({"id": number, "ok": True, "result": reply})


def encode_error(number: int | None, error: MinitorrentError) -> bytes:
    """The line that refuses request `number`; None when its number is not known."""
    failure = Failure(code=error.code.value, message=error.message)
    return encode_line({"id": number, "ok": False, "error": failure})


def encode_notice(notice: EventNotice) -> bytes:
    """The line that pushes a notice."""
    return encode_line({"event": notice})


def decode_line(line: bytes) -> dict[str, Any]:
    """The JSON object on a line.

    Raises MinitorrentError(usage) for whatever else is there: not UTF-8, not JSON, nested too
    deep, a number too long.
    """
    try:
        value = pydantic_core.from_json(line, allow_inf_nan=False)
    except ValueError:
        raise MinitorrentError(ErrorCode.USAGE, "This line is not a JSON object.") from None
    if not isinstance(value, dict):
        raise MinitorrentError(ErrorCode.USAGE, "This line is not a JSON object.")
    return value
