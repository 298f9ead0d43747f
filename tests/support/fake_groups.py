"""Groups as the shell sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from client import results
from common.api import groups


class Login(Protocol):
    """Who is logged in, and the group in use."""

    user: str | None
    group: str | None


class FakeGroups:
    """`client.services.groups.Groups`; `called` is told of each call."""

    def __init__(self, session: Login, called: Callable[..., None]) -> None:
        self._session = session
        self._called = called

    def create_group(self, group: str, *, is_open: bool = False) -> groups.CreateGroupReply:
        self._called("create_group", group, is_open)
        return groups.CreateGroupReply(group=group, mode="open" if is_open else "sealed")

    def join_group(self, group: str) -> groups.JoinGroupReply:
        self._called("join_group", group)
        return groups.JoinGroupReply(group=group, status="requested")

    def leave_group(self, group: str) -> results.GroupResult:
        self._called("leave_group", group)
        return results.GroupResult(group=group)

    def is_own(self, group: str) -> bool:
        self._called("is_own", group)
        return group == "lab"

    def role(self, group: str) -> groups.Role:
        self._called("role", group)
        return "owner"

    def accept_request(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("accept_request", group, user)

    def reject_request(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("reject_request", group, user)

    def remove_member(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("remove_member", group, user)

    def promote(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("promote", group, user)

    def demote(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("demote", group, user)

    def transfer_group(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("transfer_group", group, user)

    def _on_member(self, what: str, group: str, user: str) -> groups.MemberReply:
        self._called(what, group, user)
        return groups.MemberReply(group=group, user=user)

    def use_group(self, group: str) -> results.GroupResult:
        self._called("use_group", group)
        self._session.group = group
        return results.GroupResult(group=group)
