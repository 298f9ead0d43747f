"""A tracker operation: its name, its two models and its errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, get_args

from pydantic import ValidationError

from common.api.model import Model
from common.errors import ErrorCode, MinitorrentError

RequestT = TypeVar("RequestT", bound=Model)
ReplyT = TypeVar("ReplyT", bound=Model)

Scope = Literal["read", "member", "admin", "account"]
"""What a token permits; each scope includes those before it.

`read` changes nothing; `member` covers what any user or member does; `admin` adds what a group's
admin does; `account` is everything, including passwords, sessions and tokens.
"""

USUAL_SIZE = 64 * 1024

_SCOPES: tuple[Scope, ...] = get_args(Scope)

ANYWHERE = frozenset(
    {
        ErrorCode.USAGE,
        ErrorCode.INVALID_NAME,
        ErrorCode.QUOTA_EXCEEDED,
        ErrorCode.BUSY,
        ErrorCode.INTERNAL,
    }
)
"""Errors that any operation may return, besides its own."""


class UnreadableRequestError(MinitorrentError):
    """The arguments don't match the operation's model, regardless of the tracker's state."""


def covers(held: Scope, needed: Scope) -> bool:
    """Return whether a token of scope `held` permits what needs scope `needed`."""
    return _SCOPES.index(held) >= _SCOPES.index(needed)


@dataclass(frozen=True)
class Operation(Generic[RequestT, ReplyT]):
    """One operation, served by every frontend from one table.

    `errors` are its own error codes, in addition to ANYWHERE, and to `not_logged_in` if
    `needs_login`. Over HTTP it needs a token of at least this `scope`; an operation that
    `carries_password` requires a connection nobody else can read. `session_only` is a sentence that
    says why the operation is not available over HTTP, or empty. A request has at most `max_size`
    bytes.
    """

    name: str
    request: type[RequestT]
    reply: type[ReplyT]
    errors: frozenset[ErrorCode]
    needs_login: bool = True
    scope: Scope = "account"
    carries_password: bool = False
    session_only: str = ""
    max_size: int = USUAL_SIZE

    def read_request(self, arguments: object) -> RequestT:
        """Validate untrusted arguments.

        Raises MinitorrentError(invalid_name or usage) with one readable sentence.
        """
        if not isinstance(arguments, dict):
            raise UnreadableRequestError(ErrorCode.USAGE, f"{self.name}: expected an object.")
        try:
            return self.request.model_validate(arguments)
        except ValidationError as error:
            raise _as_sentence(self.name, error) from None

    def read_reply(self, result: object) -> ReplyT:
        """Validate the tracker's reply; raises MinitorrentError(internal) if it is unreadable."""
        try:
            return self.reply.model_validate(result)
        except ValidationError as error:
            sentence = _as_sentence(self.name, error).message
            raise MinitorrentError(
                ErrorCode.INTERNAL, f"The tracker sent an invalid answer: {sentence}"
            ) from None


def _as_sentence(name: str, error: ValidationError) -> UnreadableRequestError:
    """Turn a validation error's first entry into a sentence; pydantic's own is for programmers."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "invalid_name":
        return UnreadableRequestError(ErrorCode.INVALID_NAME, f"{first['msg']}.")
    field = ".".join(str(part) for part in first["loc"])
    return UnreadableRequestError(ErrorCode.USAGE, f"{name}, {field}: {first['msg']}.")
