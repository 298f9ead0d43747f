"""Results about groups, their members and invitations."""

from __future__ import annotations

import operator
from typing import Literal

from pydantic import Field

from client.results.base import Result


class GroupResult(Result):
    group: str


class InviteResult(Result):
    """A new invitation; its text is shown only here. `expires_at` is ISO 8601, UTC."""

    group: str
    id: int
    invitation: str = Field(repr=False)
    uses: int
    expires_at: str


class RevokeInviteResult(Result):
    group: str
    id: int


class JoinResult(Result):
    group: str
    status: Literal["member"]


class AcceptedResult(Result):
    """The users whose requests to join were accepted together.

    If the group has no room for all, `left` counts the other requests, and `reason` says why.
    """

    group: str
    users: list[str]
    left: int = Field(default=0, exclude_if=operator.not_)
    reason: str = Field(default="", exclude_if=operator.not_)


class RejectedResult(Result):
    """The users whose requests to join were rejected together."""

    group: str
    users: list[str]
