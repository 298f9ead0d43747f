"""Notices: pushed to connected clients, listed for users who were away."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from common.api.model import Count, Model
from common.api.operation import Operation
from common.api.paging import ROWS, Cursor, PageReply, Pattern, Wanted


class EventKind(StrEnum):
    """What happened; tracker.domain.audience says who receives the notice."""

    JOIN_REQUESTED = "join_requested"
    REQUEST_ACCEPTED = "request_accepted"
    REQUEST_REJECTED = "request_rejected"
    MEMBER_REMOVED = "member_removed"  # for the removed user
    MEMBER_LEFT = "member_left"  # for the others, whether the member left or was removed
    CERTIFICATES_REVOKED = "certificates_revoked"  # a login ended
    ROLE_CHANGED = "role_changed"  # recorded as what was done, see below
    REQUEST_DECIDED = "request_decided"  # for the group's other admins; sent only, see below
    INVITE_USED = "invite_used"
    FILE_ADDED = "file_added"
    FILE_REMOVED = "file_removed"  # by an admin or its owner, for everybody
    FILE_COMPLETED = "file_completed"

    # Recorded for the audit trail only. Of an account:
    ACCOUNT_CREATED = "account_created"
    LOGGED_IN = "login"
    LOGIN_FAILED = "login_failed"
    LOGGED_OUT = "logout"
    PASSWORD_CHANGED = "password_changed"
    SESSION_ENDED = "session_ended"
    TOKEN_CREATED = "token_created"
    TOKEN_RENEWED = "token_renewed"
    TOKEN_REVOKED = "token_revoked"
    ACCOUNT_BLOCKED = "account_blocked"  # as the next ones, by the tracker's operator
    ACCOUNT_UNBLOCKED = "account_unblocked"
    ACCOUNT_DELETED = "account_deleted"
    PASSWORD_RESET = "password_reset"
    QUOTA_CHANGED = "quota_changed"  # of a group, too
    INVITE_REFUSED = "invite_refused"  # of a group, too, if the invitation was once valid
    # and of a group:
    GROUP_CREATED = "group_created"
    GROUP_DELETED = "group_deleted"  # by the tracker's operator
    CERTIFICATE_ISSUED = "certificate_issued"
    FILE_STOPPED = "file_stopped"
    INVITE_CREATED = "invite_created"
    INVITE_REVOKED = "invite_revoked"
    UPLOAD_LIMITED = "upload_limited"  # to uploaders
    UPLOAD_OPENED = "upload_opened"  # to all members
    # Recorded as `request_accepted` or `request_rejected`, which the user gets: `request_decided`.
    # Recorded for the audit trail, sent as `role_changed`:
    MEMBER_PROMOTED = "member_promoted"
    MEMBER_DEMOTED = "member_demoted"
    UPLOADER_MADE = "uploader_made"
    READER_MADE = "reader_made"
    GROUP_TRANSFERRED = "group_transferred"
    GROUP_INHERITED = "group_inherited"
    # Recorded for the audit trail, sent as `member_left`:
    MEMBER_BLOCKED = "member_blocked"  # an account that the tracker's operator blocked or deleted
    MEMBER_DELETED = "member_deleted"


class EventNotice(Model):
    """An event in a group. `at` is ISO 8601, UTC; `text` is one English sentence.

    `kind` is one of EventKind, or a word added by a newer tracker. `subject` is the user or file
    affected. Whatever the kind, the group no longer accepts certificates of the holders in
    `removed` (see common.api.authority). If there are more than fit one notice, notices of kind
    `certificates_revoked` follow with the same `id`. `info_hash` is that of a removed file.
    """

    id: Count
    at: str
    kind: str
    group: str
    actor: str
    subject: str
    text: str
    removed: Annotated[list[str], ROWS] = Field(default_factory=list)
    info_hash: str = ""


class ListNotices(Model):
    """List this user's notices, newest page first; the pattern matches the text.

    Without a limit, the first page has the unread and the recent notices. Requesting the first page
    marks everything as read. `next` is the number of the page's oldest notice.
    """

    limit: Wanted | None = None
    after: Cursor = ""
    pattern: Pattern = ""


class NoticeRow(Model):
    """As in EventNotice. `group` is the group's name at the time."""

    at: str
    kind: str
    group: str
    text: str
    actor: str = ""


class ListNoticesReply(PageReply):
    """A page of notices, oldest first; the next page has older ones.

    `unread` counts the newest ones that the user has not read yet.
    """

    notices: Annotated[list[NoticeRow], ROWS]
    unread: Count


LIST_NOTICES = Operation("list_notices", ListNotices, ListNoticesReply, frozenset(), scope="read")
