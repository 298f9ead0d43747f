"""Which HTTP status goes with which error."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from common.api.operation import UnreadableRequestError
from common.errors import ErrorCode, MinitorrentError

UNREADABLE = 400
"""The request is not what the operation takes: it will never be carried out as it is."""

STATUSES: Mapping[ErrorCode, int] = MappingProxyType(
    {
        ErrorCode.USAGE: 409,  # well-formed, but it doesn't fit what there is
        ErrorCode.INVALID_NAME: UNREADABLE,
        ErrorCode.NOT_LOGGED_IN: 401,
        ErrorCode.BAD_CREDENTIALS: 403,
        ErrorCode.NOT_MEMBER: 403,
        ErrorCode.NOT_ADMIN: 403,
        ErrorCode.PERMISSION_DENIED: 403,
        ErrorCode.NO_SUCH_USER: 404,
        ErrorCode.NO_SUCH_GROUP: 404,
        ErrorCode.NO_SUCH_FILE: 404,
        ErrorCode.NO_SUCH_REQUEST: 404,
        ErrorCode.USER_EXISTS: 409,
        ErrorCode.WEAK_PASSWORD: 409,
        ErrorCode.GROUP_EXISTS: 409,
        ErrorCode.ALREADY_MEMBER: 409,
        ErrorCode.ALREADY_REQUESTED: 409,
        ErrorCode.LAST_ADMIN: 409,
        ErrorCode.NAME_TAKEN: 409,
        ErrorCode.TOO_MANY_ATTEMPTS: 429,
        ErrorCode.QUOTA_EXCEEDED: 409,
        ErrorCode.BUSY: 503,
        ErrorCode.DISK_FULL: 507,
    }
)
"""Codes that aren't named are failures of the tracker: 500."""


def status_of(error: MinitorrentError) -> int:
    """The status with which an operation's error is answered."""
    if isinstance(error, UnreadableRequestError):
        return UNREADABLE
    return STATUSES.get(error.code, 500)
