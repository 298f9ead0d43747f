"""The error reported to users, scripts and other programs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from common.text import harmless


class ErrorCode(StrEnum):
    """What went wrong, as a stable identifier for programs."""

    USAGE = "usage"
    NOT_LOGGED_IN = "not_logged_in"
    BAD_CREDENTIALS = "bad_credentials"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    USER_EXISTS = "user_exists"
    INVALID_NAME = "invalid_name"
    WEAK_PASSWORD = "weak_password"
    NO_SUCH_USER = "no_such_user"
    NO_SUCH_GROUP = "no_such_group"
    GROUP_EXISTS = "group_exists"
    NOT_MEMBER = "not_member"
    NOT_ADMIN = "not_admin"
    ALREADY_MEMBER = "already_member"
    ALREADY_REQUESTED = "already_requested"
    NO_SUCH_REQUEST = "no_such_request"
    LAST_ADMIN = "last_admin"
    NO_SUCH_FILE = "no_such_file"
    NAME_TAKEN = "name_taken"
    FILE_NOT_FOUND = "file_not_found"
    FILE_EXISTS = "file_exists"
    FILE_CHANGED = "file_changed"
    NO_PEERS = "no_peers"
    DISK_FULL = "disk_full"
    TIMEOUT = "timeout"
    TRACKER_UNREACHABLE = "tracker_unreachable"
    PERMISSION_DENIED = "permission_denied"
    INVITE_INVALID = "invite_invalid"
    REGISTRATION_CLOSED = "registration_closed"
    QUOTA_EXCEEDED = "quota_exceeded"
    BUSY = "busy"
    INTERNAL = "internal"


MEANINGS: Mapping[ErrorCode, str] = MappingProxyType(
    {
        ErrorCode.USAGE: "the command line is invalid",
        ErrorCode.NOT_LOGGED_IN: "you are not logged in",
        ErrorCode.BAD_CREDENTIALS: "wrong user name or password",
        ErrorCode.TOO_MANY_ATTEMPTS: "too many attempts; wait before you try again",
        ErrorCode.USER_EXISTS: "the user name is taken",
        ErrorCode.INVALID_NAME: "a name contains invalid characters or has an invalid length",
        ErrorCode.WEAK_PASSWORD: "the password is shorter than the tracker allows",
        ErrorCode.NO_SUCH_USER: "there is no such user",
        ErrorCode.NO_SUCH_GROUP: "there is no such group",
        ErrorCode.GROUP_EXISTS: "the group name is taken",
        ErrorCode.NOT_MEMBER: "you, or the user you named, are not a member of the group",
        ErrorCode.NOT_ADMIN: "only admins of the group can do that",
        ErrorCode.ALREADY_MEMBER: "you are already a member of the group",
        ErrorCode.ALREADY_REQUESTED: "you have already asked to join; wait for an admin to accept",
        ErrorCode.NO_SUCH_REQUEST: "the user has not asked to join",
        ErrorCode.LAST_ADMIN: "the group would be left without an admin",
        ErrorCode.NO_SUCH_FILE: "the group shares no such file, or you have no such transfer",
        ErrorCode.NAME_TAKEN: "the group shares other content under that name",
        ErrorCode.FILE_NOT_FOUND: "there is no such file or folder on your disk",
        ErrorCode.FILE_EXISTS: "a different file or folder exists at the destination",
        ErrorCode.FILE_CHANGED: "a file has changed since it was shared",
        ErrorCode.NO_PEERS: "no member who has the file is online",
        ErrorCode.DISK_FULL: "there is not enough space on the disk",
        ErrorCode.TIMEOUT: "the operation took too long or was stopped",
        ErrorCode.TRACKER_UNREACHABLE: "no tracker can be reached",
        ErrorCode.PERMISSION_DENIED: "you, or the client on this system, lack the permission",
        ErrorCode.INVITE_INVALID: "the invitation is invalid or has ended",
        ErrorCode.REGISTRATION_CLOSED: "new accounts need an invitation here",
        ErrorCode.QUOTA_EXCEEDED: "you have reached a quota that the tracker sets per user",
        ErrorCode.BUSY: "the tracker is too busy right now; try again",
        ErrorCode.INTERNAL: "an internal error; see the log for details",
    }
)
"""What each code means, in a few words, for help and manuals."""

HTTP_STATUSES: Mapping[ErrorCode, int] = MappingProxyType(
    {
        ErrorCode.USAGE: 400,
        ErrorCode.INVALID_NAME: 400,
        ErrorCode.NOT_LOGGED_IN: 401,
        ErrorCode.BAD_CREDENTIALS: 403,
        ErrorCode.NOT_MEMBER: 403,
        ErrorCode.NOT_ADMIN: 403,
        ErrorCode.PERMISSION_DENIED: 403,
        ErrorCode.INVITE_INVALID: 403,
        ErrorCode.REGISTRATION_CLOSED: 403,
        ErrorCode.NO_SUCH_USER: 404,
        ErrorCode.NO_SUCH_GROUP: 404,
        ErrorCode.NO_SUCH_REQUEST: 404,
        ErrorCode.NO_SUCH_FILE: 404,
        ErrorCode.FILE_NOT_FOUND: 404,
        ErrorCode.USER_EXISTS: 409,
        ErrorCode.WEAK_PASSWORD: 409,
        ErrorCode.GROUP_EXISTS: 409,
        ErrorCode.ALREADY_MEMBER: 409,
        ErrorCode.ALREADY_REQUESTED: 409,
        ErrorCode.LAST_ADMIN: 409,
        ErrorCode.NAME_TAKEN: 409,
        ErrorCode.FILE_EXISTS: 409,
        ErrorCode.FILE_CHANGED: 409,
        ErrorCode.QUOTA_EXCEEDED: 409,
        ErrorCode.TOO_MANY_ATTEMPTS: 429,
        ErrorCode.INTERNAL: 500,
        ErrorCode.NO_PEERS: 503,
        ErrorCode.TRACKER_UNREACHABLE: 503,
        ErrorCode.BUSY: 503,
        ErrorCode.TIMEOUT: 504,
        ErrorCode.DISK_FULL: 507,
    }
)
"""The HTTP status of each code, over the tracker's API and the client's."""


class MinitorrentError(Exception):
    """A failure with a code for programs and one English sentence for people.

    The sentence says what to do next where there is something to do. `retry_after` says that
    nothing was done, and that the same may succeed after so many seconds.
    """

    def __init__(self, code: ErrorCode, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after

    def __repr__(self) -> str:
        return f"MinitorrentError({self.code.value}: {self.message})"


def error_from(code: str, message: str, retry_after: float | None = None) -> MinitorrentError:
    """Return the error that another program reported, with its sentence made harmless.

    A code that only newer versions know becomes INTERNAL.
    """
    try:
        known = ErrorCode(code)
    except ValueError:
        known = ErrorCode.INTERNAL
    return MinitorrentError(known, harmless(message), retry_after)
