"""One connection to one tracker: requests out, replies and notices in (docs/protocol.md).

`check_certificate` judges the tracker's certificate before anything is sent.
"""

from __future__ import annotations

import ipaddress
import itertools
import ssl
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog
from pydantic import ValidationError

from client.config import DEFAULT_TIMING, Timing
from client.net.clock import steady
from client.net.tracker.tracker_stream import TrackerStream
from client.net.transports.own_port import OwnAddress
from common.api.accounts import PING, Ping
from common.api.events import EventNotice
from common.api.lines import (
    LIMIT_AFTER_LOGIN,
    PROTOCOL_VERSION,
    GreetingLine,
    LineDecoder,
    LineTooLongError,
    NoticeLine,
    RendezvousLine,
    ReplyLine,
    decode_line,
    encode_request,
)
from common.api.operation import Operation, ReplyT, RequestT
from common.api.rendezvous import RendezvousNotice
from common.errors import ErrorCode, MinitorrentError, error_from
from common.text import harmless
from common.types import Endpoint

log = structlog.get_logger(__name__)

REPLY_LIMIT: Final = 30.0
"""Seconds for a reply."""

_LONGEST_NAME: Final = 80
"""Characters kept of a tracker's name and version."""

CheckCertificate = Callable[[Endpoint, bytes], None]
"""Judges a tracker's certificate (DER); raises UntrustedTrackerError."""


class UntrustedTrackerError(MinitorrentError):
    """The tracker's certificate is not the trusted one; nothing was sent to it."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.TRACKER_UNREACHABLE, message)


class ConnectionLostError(MinitorrentError):
    """The connection was lost before the reply; the request may have been carried out."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.TRACKER_UNREACHABLE,
            "The connection to the tracker was lost. Check whether it was done, and try again.",
        )


class AnswerTooLongError(MinitorrentError):
    """The tracker's line exceeds the limit; asking again would return the same."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.INTERNAL,
            "The tracker's answer is too long. Ask for less, or have the tracker's operator "
            "update it.",
        )


class _Pending:
    """A request that waits for its reply."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.reply: ReplyLine | None = None


class TrackerConnection:
    """An open session connection. Its reader thread makes the callbacks `on_...`.

    The constructor connects; it raises OSError when nothing answers, MinitorrentError when the
    other side is not a compatible tracker, UntrustedTrackerError when `check_certificate` does.
    """

    def __init__(
        self,
        tracker: Endpoint,
        own: OwnAddress,
        on_notice: Callable[[EventNotice], None],
        on_closed: Callable[[TrackerConnection], None],
        check_certificate: CheckCertificate,
        timing: Timing = DEFAULT_TIMING,
        on_rendezvous: Callable[[RendezvousNotice], None] = lambda _: None,
    ) -> None:
        self.tracker = tracker
        self._timing = timing
        self._on_notice = on_notice
        self._on_rendezvous = on_rendezvous
        self._on_closed = on_closed
        self._decoder = LineDecoder(LIMIT_AFTER_LOGIN)
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._line_too_long = False
        """Whether it ended because a line was too long: probably the only pending answer."""
        self.login_ended = False
        self.is_handed_over = False  # the tracker sends us to another one
        """Whether the tracker closed the connection because its login has ended."""
        self.server = ""
        """The tracker's name and version, such as `minitorrent 0.1.0`."""
        self._clock_at_greeting: float | None = None
        self._received_at = time.monotonic()
        self._stream = _open(tracker, own, timing.tracker_connect)
        try:
            check_certificate(tracker, self._stream.certificate)
            early = self._greet()
        except BaseException:
            self._stream.release()
            raise
        self._reader = threading.Thread(
            target=self._read, args=(early,), name=f"tracker {tracker}", daemon=True
        )
        self._reader.start()

    @property
    def host(self) -> str:
        """The IP address that it leads to."""
        return self._stream.host

    @property
    def is_open(self) -> bool:
        """Whether it has not been lost yet."""
        return not self._closed

    @property
    def clock_difference(self) -> float | None:
        """Seconds that this machine's clock is ahead of the tracker's (behind: below 0).

        None when the tracker reported no time. Correcting this machine's clock shows at once.
        """
        if self._clock_at_greeting is None:
            return None
        return time.time() - steady() - self._clock_at_greeting

    def request(
        self, operation: Operation[RequestT, ReplyT], request: RequestT, limit: float = REPLY_LIMIT
    ) -> ReplyT:
        """Call an operation of the tracker; waits at most `limit` seconds.

        Raises MinitorrentError: the tracker's refusal, `timeout`, or ConnectionLostError.
        """
        number, pending = self._send(operation, request)
        try:
            if not pending.done.wait(limit):
                raise MinitorrentError(
                    ErrorCode.TIMEOUT, "The tracker did not answer in time; try again."
                )
        finally:
            with self._lock:
                self._pending.pop(number, None)
        if pending.reply is None:
            raise AnswerTooLongError if self._line_too_long else ConnectionLostError
        return _result(operation, pending.reply)

    def close(self) -> None:
        """Close the connection; waits until its reader has ended, unless called by the reader."""
        self._stream.hang_up()
        if threading.current_thread() is not self._reader:
            self._reader.join(2.0)

    # --- sending ----------------------------------------------------------------------------
    def _send(
        self, operation: Operation[RequestT, ReplyT], request: RequestT
    ) -> tuple[int, _Pending]:
        """Send a request; returns its number and what will hold its reply."""
        number, pending = next(self._numbers), _Pending()
        with self._lock:
            if self._closed:
                raise ConnectionLostError
            self._pending[number] = pending
        try:
            self._stream.send(encode_request(number, operation.name, request))
        except OSError:
            self._stream.hang_up()  # the reader finds out why, and ends what is pending
        return number, pending

    # --- reading ----------------------------------------------------------------------------
    def _greet(self) -> list[bytes]:
        """Check the greeting; returns further lines received with it."""
        deadline = time.monotonic() + self._timing.tracker_connect
        lines: list[bytes] = []
        while not lines:
            data = self._stream.receive(deadline - time.monotonic())
            if not data:
                raise ConnectionLostError
            lines = self._decoder.feed(data)
        try:
            greeting = GreetingLine.model_validate(decode_line(lines[0])).minitorrent
        except (ValidationError, MinitorrentError) as error:
            raise _no_tracker(self.tracker, _refusal(lines[0])) from error
        major, _ = greeting.version
        if major != PROTOCOL_VERSION[0]:
            raise _no_tracker(self.tracker, f"it uses version {major} of the protocol")
        self.server = harmless(greeting.server, _LONGEST_NAME)
        if greeting.time is not None:
            # Kept relative to a clock that can't be set, to be compared at any later moment.
            self._clock_at_greeting = greeting.time.timestamp() - steady()
        return lines[1:]

    def _read(self, lines: list[bytes]) -> None:
        try:
            while True:
                for line in lines:
                    self._take(line)
                data = self._receive()
                if not data:
                    break
                lines = self._decoder.feed(data)
        except (OSError, MinitorrentError) as error:
            self._line_too_long = isinstance(error, LineTooLongError)
            log.info("tracker connection lost", tracker=str(self.tracker), error=str(error))
        except Exception:
            log.exception("tracker reader failed", tracker=str(self.tracker))
        finally:
            with self._lock:
                self._closed = True
                waiting = list(self._pending.values())
            for pending in waiting:
                pending.done.set()
            self._stream.release()
            self._on_closed(self)

    def _receive(self) -> bytes:
        """Wait for bytes, pinging a silent tracker; empty at the end of the stream."""
        while True:
            try:
                data = self._stream.receive(self._timing.tracker_ping_every)
            except TimeoutError:
                if time.monotonic() - self._received_at > self._timing.tracker_silence:
                    raise
                self._send(PING, Ping())
                continue
            self._received_at = time.monotonic()
            return data

    def _take(self, line: bytes) -> None:
        message = decode_line(line)
        try:
            if "event" in message:
                self._on_notice(NoticeLine.model_validate(message).event)
                return
            if "rendezvous" in message:
                self._on_rendezvous(RendezvousLine.model_validate(message).rendezvous)
                return
            reply = ReplyLine.model_validate(message)
        except ValidationError:
            log.warning("the tracker sent a line of unknown form", tracker=str(self.tracker))
            return
        with self._lock:
            pending = self._pending.pop(reply.id, None) if reply.id is not None else None
        if reply.id is None and reply.error is not None:
            self.login_ended = reply.error.code == ErrorCode.NOT_LOGGED_IN
            self.is_handed_over = reply.error.code == ErrorCode.TRACKER_UNREACHABLE
        if pending is not None:
            pending.reply = reply
            pending.done.set()


def _open(tracker: Endpoint, own: OwnAddress, time_limit: float) -> TrackerStream:
    try:
        return TrackerStream(tracker, own, time_limit)
    except ssl.SSLError as error:
        raise _no_tracker(tracker, "no Minitorrent tracker answers there, or an old one") from error


def source_host(listen: Endpoint) -> str | None:
    """Return the local address to connect from, if peers are accepted at one address only."""
    try:
        address = ipaddress.ip_address(listen.host)
    except ValueError:
        return None
    return None if address.is_unspecified else listen.host


def _result(operation: Operation[RequestT, ReplyT], reply: ReplyLine) -> ReplyT:
    """Return the result in a reply; raises the MinitorrentError that it holds instead."""
    if reply.ok:
        return operation.read_reply(reply.result or {})
    if reply.error is None:
        raise MinitorrentError(ErrorCode.INTERNAL, "The tracker refused without a reason.")
    raise error_from(reply.error.code, reply.error.message, reply.error.retry_after)


def _refusal(line: bytes) -> str:
    """Return the error that a tracker sent instead of its greeting."""
    try:
        error = ReplyLine.model_validate(decode_line(line)).error
    except (ValidationError, MinitorrentError):
        error = None
    return harmless(error.message) if error else "no Minitorrent tracker answers there"


def _no_tracker(tracker: Endpoint, reason: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, f"{tracker}: {reason}")
