"""Notices: what the tracker pushes to a connected client, and lists for who was away."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from common.api.model import Count, Model
from common.api.operation import Operation
from common.api.paging import ROWS, Cursor, PageReply, Pattern, Wanted


class EventKind(StrEnum):
    """What happened, and who is told."""

    JOIN_REQUESTED = "join_requested"  # the group's admins
    REQUEST_ACCEPTED = "request_accepted"  # who asked
    REQUEST_REJECTED = "request_rejected"  # who asked
    MEMBER_REMOVED = "member_removed"  # who was removed
    MEMBER_LEFT = "member_left"  # the group's members, when somebody left or was removed
    CERTIFICATES_REVOKED = "certificates_revoked"  # the group's members, when a login was ended
    CERTIFICATE_ISSUED = "certificate_issued"  # nobody
    ROLE_CHANGED = "role_changed"  # whose role it is; kept as what was done, see below
    FILE_ADDED = "file_added"  # the group's other members
    FILE_COMPLETED = "file_completed"  # those who offer the file that somebody has in full now

    # Kept for the audit trail, told to nobody; of an account:
    ACCOUNT_CREATED = "account_created"
    LOGGED_IN = "login"
    LOGIN_FAILED = "login_failed"
    LOGGED_OUT = "logout"
    PASSWORD_CHANGED = "password_changed"
    SESSION_ENDED = "session_ended"
    TOKEN_CREATED = "token_created"
    TOKEN_RENEWED = "token_renewed"
    TOKEN_REVOKED = "token_revoked"
    # and of a group:
    GROUP_CREATED = "group_created"
    FILE_STOPPED = "file_stopped"
    # Kept for the audit trail, told as `role_changed`:
    MEMBER_PROMOTED = "member_promoted"
    MEMBER_DEMOTED = "member_demoted"
    GROUP_TRANSFERRED = "group_transferred"
    GROUP_INHERITED = "group_inherited"


class EventNotice(Model):
    """Something that happened in a group. `at` is ISO 8601, UTC; `text` one English sentence.

    `kind` is one of EventKind, or a word that a newer tracker added. `subject` is the user or
    the file it is about. Certificates of the holders in `removed` are not to be accepted in the
    group any more, whatever the kind (see common.api.authority). Where there are more of them than
    one notice takes, others of the kind `certificates_revoked` follow, with the same `id`.
    """

    id: Count
    at: str
    kind: str
    group: str
    actor: str
    subject: str
    text: str
    removed: Annotated[list[str], ROWS] = Field(default_factory=list)


class ListNotices(Model):
    """Ask what concerned this user, the newest page first; the pattern is for the text.

    Without a limit, the first page has what the user was not told of yet, and what is recent. With
    the first page, everything counts as told. `next` is the number of the oldest notice of a page.
    """

    limit: Wanted | None = None
    after: Cursor = ""
    pattern: Pattern = ""


class NoticeRow(Model):
    """As in EventNotice. `group` is the name that the group had."""

    at: str
    kind: str
    group: str
    text: str


class ListNoticesReply(PageReply):
    """A page, the oldest of its notices first; the next page has older ones.

    `unread` is how many the user was not told of yet: the newest.
    """

    notices: Annotated[list[NoticeRow], ROWS]
    unread: Count


LIST_NOTICES = Operation("list_notices", ListNotices, ListNoticesReply, frozenset(), scope="read")
