"""One client's connection: reads requests, writes replies."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from common.api import lines
from common.api.model import Model
from common.api.registry import OPERATIONS
from common.errors import ErrorCode, MinitorrentError
from common.party import party_of
from common.text import size
from tracker.frontend import bulk
from tracker.frontend.bulk import BulkLimiter
from tracker.frontend.channel import Channel, ChannelClosedError
from tracker.frontend.dispatch import Dispatcher
from tracker.frontend.failures import OutcomeUnknownError
from tracker.services.busy import refuse_late
from tracker.services.caller import Caller
from tracker.services.rate_limits import RequestThrottle


@dataclass(frozen=True)
class TimeLimits:
    """Idle limits of a connection, in seconds.

    `handshake`: for TLS; `first_request`: until the first complete line; `anonymous`: between lines
    without a login; `idle`: between bytes with a login (clients send a ping every 30 seconds).
    """

    handshake: float = 10.0
    first_request: float = 60.0
    anonymous: float = 600.0
    idle: float = 120.0


class Connection:
    """Serves one client until either side closes, in one thread at a time.

    `on_login` is called whenever another user, or nobody, is logged in. A connection that
    `is_turned_away` gets an error instead of service.
    """

    def __init__(
        self,
        channel: Channel,
        caller: Caller,
        dispatcher: Dispatcher,
        limits: TimeLimits,
        bulk_limiter: BulkLimiter,
        request_throttle: RequestThrottle,
        on_login: Callable[[Connection], None],
        *,
        is_turned_away: bool = False,
    ) -> None:
        self.channel = channel
        self.caller = caller
        self.is_turned_away = is_turned_away
        self._on_login = on_login
        self._known_as: str | None = None  # the user that was last reported to `on_login`
        self._dispatcher = dispatcher
        self._limits = limits
        self._bulk = bulk_limiter
        self._request_throttle = request_throttle
        self.party = party_of(caller.address)
        self._turn_of = ""  # the user admitted to send a long line, or empty
        self._decoder = lines.LineDecoder(lines.LIMIT_BEFORE_LOGIN, self._longest)
        self._last_byte = self._last_line = time.monotonic()
        self._has_asked = False
        self._waited = 0.0  # seconds that what has arrived was left lying

    @property
    def id(self) -> str:
        """What identifies it, at all trackers of the database."""
        return self.caller.connection_id

    @property
    def user(self) -> str | None:
        """The user who is logged in, or None."""
        identity = self.caller.identity
        return None if identity is None else identity.user

    @property
    def last_line(self) -> float:
        """Time (time.monotonic) of the client's last request, or of its arrival."""
        return self._last_line

    def begin(self, greeting: bytes) -> bool:
        """Secure the connection and send the greeting; return False if that fails."""
        try:
            # A handshake has a cost, too.
            self.channel.pause(self._request_throttle.delay(self._throttle_key()))
            self.channel.handshake(self._limits.handshake)
            self.channel.send(greeting)
        except ChannelClosedError:
            return False
        return True

    def proceed(self, waited: float = 0.0) -> bool:
        """Answer the requests that have arrived; return False when it is to be closed.

        Those that have `waited` too long, in seconds, are turned away, which takes little time: so
        the others wait no longer than that.
        """
        self._waited = waited
        try:
            return self._proceed()
        except MinitorrentError as error:
            with contextlib.suppress(ChannelClosedError):
                self._refuse(error)
        except ChannelClosedError:
            pass
        return False

    def end(self) -> None:
        """Give up what the connection holds, and close it."""
        self._end_turn()
        self.channel.close()

    def turn_away(self, error: MinitorrentError, seconds: float) -> None:
        """Refuse the connection with an error, if TLS succeeds within `seconds`."""
        with contextlib.suppress(ChannelClosedError):
            self.channel.handshake(seconds)
            self._refuse(error)

    def _proceed(self) -> bool:
        while data := self.channel.receive():
            self._last_byte = time.monotonic()
            for line in self._decoder.feed(data):
                self._last_line = time.monotonic()
                self.channel.pause(self._request_throttle.delay(self._throttle_key(), len(line)))
                if not self._answer(line):
                    return False
                self._end_turn()
            if self._decoder.pending > bulk.THRESHOLD:
                self._take_turn()
        if self.deadline <= time.monotonic():
            raise MinitorrentError(ErrorCode.TIMEOUT, "This connection was idle for too long.")
        return True

    def _throttle_key(self) -> str:
        """Return the rate-limiting key: the user, or else the party behind the address."""
        user = self.user
        return f"{self.party} " if user is None else user

    def _longest(self, beginning: bytes) -> int:
        """Return the allowed length of a line that begins like this."""
        operation = OPERATIONS.get(lines.operation_named(beginning) or "")
        if operation is None or self.caller.identity is None:
            return 0
        return operation.max_size

    def _take_turn(self) -> None:
        """Wait to admit the long line that has begun; raises MinitorrentError(busy)."""
        if not self._turn_of and self.caller.identity is not None:
            self._bulk.acquire(self.caller.identity.user)
            self._turn_of = self.caller.identity.user
            self._last_line = time.monotonic()

    def _end_turn(self) -> None:
        if self._turn_of:
            self._bulk.release(self._turn_of)
            self._turn_of = ""

    @property
    def deadline(self) -> float:
        """The time (time.monotonic) at which the client has been silent for too long."""
        if self._turn_of:
            return min(self._last_byte + self._limits.idle, self._last_line + bulk.SECONDS)
        if self.caller.identity is not None:
            return self._last_byte + self._limits.idle
        if self._has_asked:
            return self._last_line + self._limits.anonymous
        return self._last_line + self._limits.first_request

    def _answer(self, line: bytes) -> bool:
        """Answer one line; return False to close: it was no request, or has no certain answer."""
        number: int | None = None
        try:
            message = lines.decode_request(line)
            number = _number(message)
            request = lines.RequestLine.model_validate(message)
        except MinitorrentError as error:
            self._refuse(error)
            return False
        except ValidationError:
            sentence = 'A request is {"id": NUMBER, "op": "...", "args": {...}}.'
            self._refuse(MinitorrentError(ErrorCode.USAGE, sentence), number)
            return number is not None
        self._has_asked = True
        try:
            refuse_late(self._waited, request.op)
            _check_size(request.op, len(line))
            reply = self._call(request)
            answer = lines.encode_reply(request.id, reply)
        except OutcomeUnknownError:
            return False  # the client looks for itself, as after any lost connection
        except MinitorrentError as error:
            self._refuse(error, request.id)
        else:
            self._request_throttle.charge(self._throttle_key(), len(answer))
            self.channel.send(answer)
        return True

    def _call(self, request: lines.RequestLine) -> Model:
        try:
            return self._dispatcher.call(self.caller, request.op, request.args)
        finally:
            if self.user != self._known_as:
                self._known_as = self.user
                self._on_login(self)

    def _refuse(self, error: MinitorrentError, number: int | None = None) -> None:
        self.channel.send(lines.encode_error(number, error))


def _check_size(name: str, length: int) -> None:
    """Check the size by the actual operation: the line was admitted by its first bytes."""
    operation = OPERATIONS.get(name)
    if operation is not None and length > operation.max_size:
        raise MinitorrentError(
            ErrorCode.USAGE, f"A request for {name} has at most {size(operation.max_size)}."
        )


def _number(message: dict[str, Any]) -> int | None:
    """Return a request's number, even if the rest of it is invalid."""
    number = message.get("id")
    return number if type(number) is int and 0 <= number <= lines.MAX_ID else None
