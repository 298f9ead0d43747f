"""The one failure that users, scripts and other programs are told about."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """What went wrong, as a word that programs can rely on."""

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
    INTERNAL = "internal"


class MinitorrentError(Exception):
    """A failure with a code for programs and one English sentence for people.

    The sentence says what to do next where there is something to do.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __repr__(self) -> str:
        return f"MinitorrentError({self.code.value}: {self.message})"
