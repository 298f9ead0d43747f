"""What was done in a group, and with its members' accounts: by whom, when, and from where."""

from __future__ import annotations

from common.api.model import Model, Name
from common.api.operation import Operation
from common.errors import ErrorCode


class ListEvents(Model):
    """Ask for a group's audit trail; for its admins."""

    group: Name


class AuditRow(Model):
    """`who` did `what` to `subject` (a user or a file), at `at` (ISO 8601, UTC), from `address`.

    `what` is a word such as `login_failed`, see docs/operations.md. `who` is empty when it isn't
    known, `address` (an IP address) when the event followed from another one.
    """

    at: str
    who: str
    what: str
    subject: str
    address: str


class ListEventsReply(Model):
    """The newest events, the oldest of them first."""

    events: list[AuditRow]


LIST_EVENTS = Operation(
    "list_events",
    ListEvents,
    ListEventsReply,
    frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER, ErrorCode.NOT_ADMIN}),
    scope="read",
)
