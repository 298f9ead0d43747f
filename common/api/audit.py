"""The audit trail of a group and its members' accounts."""

from __future__ import annotations

from typing import Annotated

from common.api.model import Model, Name
from common.api.operation import Operation
from common.api.paging import ROWS, PageReply, PageRequest
from common.errors import ErrorCode


class ListEvents(PageRequest):
    """List a group's audit trail, newest page first; for its admins.

    The pattern matches who, what and subject. `next` is the number of the page's oldest event.
    """

    group: Name


class AuditRow(Model):
    """`who` did `what` to `subject` (a user or a file), at `at` (ISO 8601, UTC), from `address`.

    `what` is a word such as `login_failed`, see docs/operations.md. `who` is empty if unknown,
    `address` (an IP address) if the event followed from another one.
    """

    at: str
    who: str
    what: str
    subject: str
    address: str


class ListEventsReply(PageReply):
    """A page of events, oldest first; the next page has older ones."""

    events: Annotated[list[AuditRow], ROWS]


LIST_EVENTS = Operation(
    "list_events",
    ListEvents,
    ListEventsReply,
    frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER, ErrorCode.NOT_ADMIN}),
    scope="read",
)
