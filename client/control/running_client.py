"""The client that runs on a data folder already, as a program uses it that has commands for it."""

from __future__ import annotations

import json
import os
import select
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from client.control import protocol
from client.control.address import connect
from client.shell.terminal.screen import Screen
from common.errors import ErrorCode, MinitorrentError

_READ_SIZE: Final = 1 << 18
_GREETING_TIME: Final = 20.0  # seconds
_NO_TERMINAL: Final = Screen()

Wait = Callable[[int], object]
"""Returns when this descriptor is readable; may raise to stop waiting."""


def _soon(descriptor: int) -> None:
    """Wait for the greeting, which a client sends as soon as it has started."""
    if not select.select([descriptor], [], [], _GREETING_TIME)[0]:
        raise MinitorrentError(
            ErrorCode.TIMEOUT,
            "The running client doesn't answer. If Ctrl-Z has suspended it, continue it with fg;"
            " else quit it and start it again.",
        )


def no_wait(_descriptor: int) -> None:
    """Let the read itself wait."""


class ClientEndedError(MinitorrentError):
    """The running client has ended, or ends just now."""


class RunningClient:
    """A connection to a running client; raises MinitorrentError if that client ends meanwhile.

    Use either `start`, then `send` and `receive`; or `call`, once or more; or `open_page`.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Take a new connection; raises MinitorrentError if there is no client at its other end."""
        self._connection = connection
        self._buffer = protocol.LineBuffer(protocol.LONGEST_ANSWER)
        self._received: deque[protocol.Message] = deque()
        self._is_calling = False
        greeting = self._expect(protocol.Greeting, _soon)
        assert isinstance(greeting, protocol.Greeting)
        self.greeting = greeting
        if greeting.protocol != protocol.VERSION:
            raise MinitorrentError(
                ErrorCode.INTERNAL,
                f"The running client is of another version ({greeting.version}); restart it so "
                "that it can carry out your commands.",
            )

    @classmethod
    def on(cls, folder: Path) -> RunningClient | None:
        """Return the client that runs on a data folder; None if none accepts commands there."""
        connection = connect(folder)
        if connection is None:
            return None
        try:
            return cls(connection)
        except ClientEndedError:
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; a command that runs is stopped."""
        self._connection.close()

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is something to receive."""
        return self._connection.fileno()

    def send(self, message: protocol.Message) -> None:
        """Send a message."""
        try:
            self._connection.sendall(protocol.encode(message))
        except OSError as error:
            raise _ended() from error

    def receive(self, wait: Wait = no_wait) -> protocol.Message:
        """Return the next message; raises MinitorrentError if it is a refusal."""
        while not self._received:
            wait(self.fileno())
            try:
                read = self._connection.recv(_READ_SIZE)
            except OSError as error:
                raise _ended() from error
            if not read:
                raise _ended()
            try:
                self._received.extend(map(protocol.decode, self._buffer.feed(read)))
            except protocol.ProtocolError as error:
                raise MinitorrentError(
                    ErrorCode.INTERNAL, f"The running client sent an unexpected answer: {error}."
                ) from error
        message = self._received.popleft()
        if isinstance(message, protocol.Refusal):
            raise MinitorrentError(_code(message.code), message.message)
        return message

    @property
    def has_received(self) -> bool:
        """Whether `receive` has a message without waiting."""
        return bool(self._received)

    def open_page(self) -> protocol.Page:
        """Return the links to its page, which it serves from now on if it didn't before."""
        self.send(protocol.OpenPage())
        page = self._expect(protocol.Page)
        assert isinstance(page, protocol.Page)
        return page

    def call(self, command: str, *arguments: str, **options: object) -> dict[str, Any]:
        """Run a command and return its result, as `--json` shows it.

        Options without a value are True; notices are left out. Raises MinitorrentError if the
        command fails.
        """
        from client.commands.language.words import line_of

        if not self._is_calling:
            self._is_calling = True
            self.send(start_message(as_json=True))
            self._expect(protocol.Ready)
        self.send(protocol.Line(line_of(command, *arguments, **options)))
        text = ""
        while not isinstance(message := self.receive(), protocol.Ready):
            if isinstance(message, protocol.Printed) and not message.is_error:
                text += message.text
            elif isinstance(message, protocol.Exit):
                break
        answer = json.loads(text)
        if not answer["ok"]:
            error = answer["error"]
            raise MinitorrentError(_code(error["code"]), error["message"])
        result: dict[str, Any] = answer["result"]
        return result

    def _expect(self, kind: type[protocol.Message], wait: Wait = no_wait) -> protocol.Message:
        """Return the next message of a kind; what is printed before is left out."""
        while not isinstance(message := self.receive(wait), kind):
            if not isinstance(message, protocol.Printed):
                raise MinitorrentError(
                    ErrorCode.INTERNAL, "The running client answers out of turn; start it again."
                )
        return message


def start_message(
    *,
    as_json: bool,
    stay: bool = False,
    can_ask: bool = False,
    quit_ends_client: bool = False,
    out: Screen = _NO_TERMINAL,
    err: Screen = _NO_TERMINAL,
) -> protocol.Start:
    """Return the message that announces lines; relative paths are relative to this folder.

    Raises MinitorrentError(file_not_found) if the current folder was deleted.
    """
    try:
        folder = str(Path.cwd())
    except OSError as error:
        raise MinitorrentError(
            ErrorCode.FILE_NOT_FOUND, "The current folder was deleted; change to another one."
        ) from error
    return protocol.Start(
        folder=folder,
        as_json=as_json,
        stay=stay,
        can_ask=can_ask,
        quit_ends_client=quit_ends_client,
        out_width=out.width,
        out_colour=out.colour,
        out_unicode=out.unicode,
        err_width=err.width,
        err_colour=err.colour,
        err_unicode=err.unicode,
    )


def line_message(line: bytes) -> protocol.Line:
    """Return the message for a line as it was read; bytes that aren't UTF-8 are kept."""
    return protocol.Line(os.fsdecode(line))


def _ended() -> ClientEndedError:
    return ClientEndedError(
        ErrorCode.INTERNAL, "The running client has ended; start it again and repeat the command."
    )


def _code(value: str) -> ErrorCode:
    try:
        return ErrorCode(value)
    except ValueError:  # of a newer version
        return ErrorCode.INTERNAL
