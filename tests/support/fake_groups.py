"""Groups as the shell sees them: ann's lab with bob in it, and eve asking to be let in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from client.engine import status
from common.api import groups
from common.api.audit import AuditRow, ListEventsReply
from common.api.events import NoticeRow


class Login(Protocol):
    """Who is logged in, and the group in use."""

    user: str | None
    group: str | None


class FakeGroups:
    """`client.engine.groups.Groups`; `called` is told of each call."""

    def __init__(self, session: Login, called: Callable[..., None]) -> None:
        self._session = session
        self._called = called

    def create_group(self, group: str, *, is_open: bool = False) -> groups.CreateGroupReply:
        self._called("create_group", group, is_open)
        return groups.CreateGroupReply(group=group, mode="open" if is_open else "sealed")

    def join_group(self, group: str) -> groups.JoinGroupReply:
        self._called("join_group", group)
        return groups.JoinGroupReply(group=group, status="requested")

    def leave_group(self, group: str) -> status.GroupResult:
        self._called("leave_group", group)
        return status.GroupResult(group=group)

    def list_groups(self) -> status.GroupsResult:
        self._called("list_groups")
        rows = [
            groups.GroupRow(
                group=name, owner=owner, members=2, files=3, mode="open", member=is_member
            )
            for name, owner, is_member in (("lab", "ann", True), ("studio", "zoe", False))
        ]
        return status.GroupsResult(groups=rows, user=self._session.user or "ann")

    def list_members(self, group: str | None) -> groups.ListMembersReply:
        self._called("list_members", group)
        rows = [
            groups.MemberRow(user="ann", role="owner", online=True),
            groups.MemberRow(user="bob", role="member", online=False),
        ]
        return groups.ListMembersReply(group=group or "lab", members=rows)

    def audit(self, group: str | None) -> ListEventsReply:
        self._called("audit", group)
        rows = [
            AuditRow(
                at="2026-01-02T03:04:05Z",
                who="ann",
                what="request_accepted",
                subject="bob",
                address="192.0.2.1",
            ),
            AuditRow(
                at="2026-01-02T03:04:06Z", who="", what="login_failed", subject="bob", address=""
            ),
        ]
        return ListEventsReply(events=rows)

    def notices(self) -> status.NoticesResult:
        self._called("notices")
        row = NoticeRow(
            at="2026-01-02T03:04:05Z",
            kind="file_added",
            group="lab",
            text="bob shares film.mkv in lab.",
        )
        return status.NoticesResult(notices=[row])

    def list_requests(self, group: str | None) -> groups.ListRequestsReply:
        self._called("list_requests", group)
        row = groups.RequestRow(user="eve", requested_at="2026-01-02T03:04:05Z")
        return groups.ListRequestsReply(group=group or "lab", requests=[row])

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

    def use_group(self, group: str) -> status.GroupResult:
        self._called("use_group", group)
        self._session.group = group
        return status.GroupResult(group=group)
