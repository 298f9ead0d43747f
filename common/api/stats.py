"""What a group shares, and who has sent and received how much of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

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


class LeftTraffic(Model):
    """What all former members together had sent and received when they left."""

    up: Count
    down: Count


class StatsReply(PageReply):
    """`bytes` is the total size of the files; `upload` says who adds files (see SetUpload).

    `left` is missing while nobody has left who had moved anything, and if users were searched for.

    The longest-standing members come first.
    """

    group: str
    files: Count
    bytes: Count
    members: Count
    upload: UploadUnlessAll = "members"
    users: Annotated[list[TrafficRow], ROWS]
    left: Annotated[LeftTraffic | None, Field(exclude_if=lambda left: left is None)] = None


STATS = Operation(
    "stats",
    Stats,
    StatsReply,
    frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER}),
    scope="read",
)
