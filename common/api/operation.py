"""An operation of the tracker: its name, its two models and its ways to fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, get_args

from pydantic import ValidationError

from common.api.model import Model
from common.errors import ErrorCode, MinitorrentError

RequestT = TypeVar("RequestT", bound=Model)
ReplyT = TypeVar("ReplyT", bound=Model)

Scope = Literal["read", "member", "admin", "account"]
"""What a token is good for; each includes those before it.

`read` changes nothing; `member` does what any user or member does; `admin` what a group's admin
does; `account` everything, passwords, sessions and tokens included.
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
"""What any operation may answer, beside its own errors."""


class UnreadableRequestError(MinitorrentError):
    """The arguments are not what the operation takes, whatever the state of things."""


def covers(held: Scope, needed: Scope) -> bool:
    """Whether who holds the one scope may do what needs the other."""
    return _SCOPES.index(held) >= _SCOPES.index(needed)


@dataclass(frozen=True)
class Operation(Generic[RequestT, ReplyT]):
    """One operation, served by every frontend from one table.

    `errors` are its own error codes; those of ANYWHERE come on top, and `not_logged_in` when
    `needs_login`. Over HTTP, a login is a token, of this `scope` or above; an operation that
    `carries_password` is for connections that nobody else can read. `session_only` says, in a
    sentence, why an operation is not for HTTP; it is empty for all others. A request has at most
    `max_size` bytes.
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
        """Arguments from outside as a typed request.

        Raises MinitorrentError(invalid_name or usage) with one readable sentence.
        """
        if not isinstance(arguments, dict):
            raise UnreadableRequestError(ErrorCode.USAGE, f"{self.name}: expected an object.")
        try:
            return self.request.model_validate(arguments)
        except ValidationError as error:
            raise _as_sentence(self.name, error) from None

    def read_reply(self, result: object) -> ReplyT:
        """A reply from the tracker; raises MinitorrentError(internal) when it can't be read."""
        try:
            return self.reply.model_validate(result)
        except ValidationError as error:
            sentence = _as_sentence(self.name, error).message
            raise MinitorrentError(
                ErrorCode.INTERNAL, f"The tracker's answer can't be understood: {sentence}"
            ) from None


def _as_sentence(name: str, error: ValidationError) -> UnreadableRequestError:
    """The first complaint alone: pydantic's own report is for programmers."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "invalid_name":
        return UnreadableRequestError(ErrorCode.INVALID_NAME, f"{first['msg']}.")
    field = ".".join(str(part) for part in first["loc"])
    return UnreadableRequestError(ErrorCode.USAGE, f"{name}, {field}: {first['msg']}.")
