"""What a group shares, and who has sent and received how much of it."""

from __future__ import annotations

from typing import Annotated

from common.api.groups import UploadUnlessAll
from common.api.model import Count, Model, Name
from common.api.operation import Operation
from common.api.paging import ROWS, PageReply, PageRequest
from common.errors import ErrorCode


class Stats(PageRequest):
    """Get a group's size, and its members' traffic."""

    group: Name


class TrafficRow(Model):
    """The bytes of the group's files that a member's clients say they have sent and received."""

    user: str
    up: Count
    down: Count


class StatsReply(PageReply):
    """`bytes` is the total size of the files; `upload` says who adds files (see SetUpload).

    The longest-standing members come first.
    """

    group: str
    files: Count
    bytes: Count
    members: Count
    upload: UploadUnlessAll = "members"
    users: Annotated[list[TrafficRow], ROWS]


STATS = Operation(
    "stats",
    Stats,
    StatsReply,
    frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER}),
    scope="read",
)
