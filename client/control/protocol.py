"""The messages between a running client and the programs that hand it their commands. Pure.

Each message is one line of JSON: an object whose `is` names the message, and its fields. The
server greets. The caller then either asks for the page, or describes its terminal and sends lines,
each when the server is ready for it. What the commands print comes back as it is printed, so that
the caller only passes it on, and at the end the exit status.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, TypeAlias, get_type_hints

from client.config import LONGEST_LINE

VERSION: Final = 1
"""Of this protocol; both sides must have the same."""

LONGEST_REQUEST: Final = 6 * LONGEST_LINE + (1 << 12)
"""The maximum length of a caller's message in bytes: JSON escapes a byte with six at most."""

LONGEST_ANSWER: Final = 1 << 30
"""The maximum length of a server's message in bytes."""


class ProtocolError(Exception):
    """The other side sent something that is not a message; says what."""


# --- from the server ----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Greeting:
    """The first message: which client this is, and how it was started."""

    protocol: int
    version: str
    process: int
    listen: str
    trackers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """The next line can be sent."""


@dataclass(frozen=True, slots=True)
class Printed:
    """Text for the caller's stdout, or its stderr."""

    text: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """Text that replaces the frame before on the caller's terminal."""

    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A secret is needed: the caller answers with Secret, or with Cancel."""

    prompt: str


@dataclass(frozen=True, slots=True)
class Exit:
    """The end: the exit status, and whether the running client ends, too."""

    status: int
    client_ends: bool


@dataclass(frozen=True, slots=True)
class Page:
    """The link to the page of the running client, and one that opens it once."""

    link: str
    opening_link: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server does not do what was asked for; the connection ends. `code` is an ErrorCode."""

    code: str
    message: str


# --- from the caller ----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Start:
    """Lines follow. What the caller was started with, and what its streams can display.

    `folder` is what relative paths are relative to; `can_ask` tells whether secrets can be asked
    for; with `quit_ends_client`, the command `quit` ends the running client, not only the script.
    A width is in columns, None if the stream isn't a terminal.
    """

    folder: str
    as_json: bool
    stay: bool
    can_ask: bool
    quit_ends_client: bool
    out_width: int | None
    out_colour: bool
    out_unicode: bool
    err_width: int | None
    err_colour: bool
    err_unicode: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A command line, without its end; bytes that aren't UTF-8 are surrogates (PEP 383)."""

    text: str


@dataclass(frozen=True, slots=True)
class End:
    """There are no more lines."""


@dataclass(frozen=True, slots=True)
class Secret:
    """The answer to a Question."""

    text: str

    def __repr__(self) -> str:
        return "Secret(...)"


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop as soon as possible, as after Ctrl-C."""


@dataclass(frozen=True, slots=True)
class OpenPage:
    """Serve the page, if it isn't served yet, and tell its link."""


Message: TypeAlias = (
    Greeting
    | Ready
    | Printed
    | Frame
    | Question
    | Exit
    | Page
    | Refusal
    | Start
    | Line
    | End
    | Secret
    | Cancel
    | OpenPage
)

_KINDS: Final[dict[str, type[Message]]] = {
    kind.__name__: kind
    for kind in (
        *(Greeting, Ready, Printed, Frame, Question, Exit, Page, Refusal),
        *(Start, Line, End, Secret, Cancel, OpenPage),
    )
}


def encode(message: Message) -> bytes:
    """Return a message as a line, with its line end."""
    return json.dumps({"is": type(message).__name__, **asdict(message)}).encode() + b"\n"


def decode(line: bytes) -> Message:
    """Return the message in a line, without its line end; raises ProtocolError."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError("not JSON") from None
    if not isinstance(content, dict):
        raise ProtocolError("not an object")
    name = content.pop("is", None)
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ProtocolError("an unknown message")
    types = get_type_hints(kind)
    if content.keys() != {field.name for field in fields(kind)}:
        raise ProtocolError(f"{name} with other fields")
    values: dict[str, Any] = {
        key: _checked(types[key], value, f"{name}.{key}") for key, value in content.items()
    }
    return kind(**values)


def _checked(kind: Any, value: object, place: str) -> object:
    """Return a field's value if it has the field's type; raises ProtocolError."""
    if kind == tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif kind == int | None:
        if value is None or type(value) is int:
            return value
    elif type(value) is kind:
        return value
    raise ProtocolError(f"{place} of another type")


class LineBuffer:
    """Splits what arrives into lines of at most `longest` bytes."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._unread = bytearray()

    @property
    def is_inside_line(self) -> bool:
        """Whether a line has begun and not ended."""
        return bool(self._unread)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes; raises ProtocolError if one is too long."""
        searched = len(self._unread)
        self._unread += data
        end = self._unread.rfind(b"\n", searched)
        lines = bytes(self._unread[: end + 1]).split(b"\n")[:-1]
        del self._unread[: end + 1]
        if len(self._unread) > self._longest or any(len(line) > self._longest for line in lines):
            raise ProtocolError("a line is too long")
        return lines
