"""An operation of the tracker: its name, its two models and its ways to fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError

from common.api.model import Model
from common.errors import ErrorCode, MinitorrentError

RequestT = TypeVar("RequestT", bound=Model)
ReplyT = TypeVar("ReplyT", bound=Model)

ANYWHERE = frozenset({ErrorCode.USAGE, ErrorCode.INVALID_NAME, ErrorCode.INTERNAL})
"""What any operation may answer, beside its own errors."""


@dataclass(frozen=True)
class Operation(Generic[RequestT, ReplyT]):
    """One operation, served by every frontend from one table.

    `errors` are its own error codes; those of ANYWHERE come on top, and `not_logged_in` when
    `needs_login`.
    """

    name: str
    request: type[RequestT]
    reply: type[ReplyT]
    errors: frozenset[ErrorCode]
    needs_login: bool = True

    def read_request(self, arguments: object) -> RequestT:
        """Arguments from outside as a typed request.

        Raises MinitorrentError(invalid_name or usage) with one readable sentence.
        """
        if not isinstance(arguments, dict):
            raise MinitorrentError(ErrorCode.USAGE, f"{self.name}: expected an object.")
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


def _as_sentence(name: str, error: ValidationError) -> MinitorrentError:
    """The first complaint alone: pydantic's own report is for programmers."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "invalid_name":
        return MinitorrentError(ErrorCode.INVALID_NAME, f"{first['msg']}.")
    field = ".".join(str(part) for part in first["loc"])
    return MinitorrentError(ErrorCode.USAGE, f"{name}, {field}: {first['msg']}.")
