"""The HTTP status of each error."""

from __future__ import annotations

from common.api.operation import UnreadableRequestError
from common.errors import HTTP_STATUSES, ErrorCode, MinitorrentError

CONFLICT = 409
"""A readable request that the current state doesn't allow, whatever usage it violates."""


def status_of(error: MinitorrentError) -> int:
    """Return the status with which an operation's error is answered."""
    if error.code is ErrorCode.USAGE and not isinstance(error, UnreadableRequestError):
        return CONFLICT
    return HTTP_STATUSES[error.code]
