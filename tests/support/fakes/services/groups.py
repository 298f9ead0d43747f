"""Groups as the shell sees them: ann's lab with bob in it, and eve asking to be let in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from client.results.groups import AcceptedResult, GroupResult, RejectedResult
from client.results.lists import (
    EventsResult,
    GroupRow,
    GroupsResult,
    MembersResult,
    RequestsResult,
    StatsResult,
)
from client.results.metainfo import ExportResult
from client.services.paging import USUAL_LIMIT
from common.api import groups
from common.api.audit import AuditRow
from common.api.stats import LeftTraffic, TrafficRow
from tests.support.fakes.services.state import FakeState, fits, unusual


class FakeGroups:
    """`client.services.groups.GroupService`; `more` are names of additional groups."""

    def __init__(self, state: FakeState) -> None:
        self._state = state
        self.more: list[str] = []

    # --- lists ------------------------------------------------------------------------------
    def list(
        self, pattern: str = "", *, member: bool | None = None, limit: int = USUAL_LIMIT
    ) -> GroupsResult:
        self._state.called("list_groups", *unusual(pattern, limit))
        known = [("lab", "ann", True), ("studio", "zoe", False)]
        known += [(name, "zoe", False) for name in self.more]
        rows = [
            GroupRow(group=name, owner=owner, members=2, files=3, mode="open", member=own)
            for name, owner, own in known
            if member in (None, own) and fits(name, pattern)
        ]
        return GroupsResult(
            groups=rows[: limit or None], total=len(rows), pattern=pattern, user="ann"
        )

    def members(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> MembersResult:
        self._state.called("list_members", group, *unusual(pattern, limit))
        rows = [
            groups.MemberRow(user="ann", role="owner", online=True),
            groups.MemberRow(user="bob", role="member", online=False),
        ]
        return MembersResult(group=group or "lab", members=rows, total=len(rows), pattern=pattern)

    def requests(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> RequestsResult:
        self._state.called("list_requests", group, *unusual(pattern, limit))
        row = groups.RequestRow(user="eve", requested_at="2026-01-02T03:04:05Z")
        return RequestsResult(group=group or "lab", requests=[row], total=1, pattern=pattern)

    def stats(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> StatsResult:
        self._state.called("stats", group, *unusual(pattern, limit))
        rows = [
            TrafficRow(user="ann", up=3 * 2**20, down=0),
            TrafficRow(user="bob", up=0, down=3 * 2**20),
        ]
        return StatsResult(
            group=group or "lab",
            files=3,
            bytes=5 * 2**30,
            members=2,
            users=rows,
            left=None if pattern else LeftTraffic(up=2**20, down=2**10),
            total=len(rows),
            pattern=pattern,
        )

    def events(
        self,
        group: str | None,
        pattern: str = "",
        *,
        before: int | None = None,
        limit: int = USUAL_LIMIT,
    ) -> EventsResult:
        older = [before] if before else []
        self._state.called("audit", group, *unusual(pattern, limit), *older)
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
        return EventsResult(
            events=rows, total=len(rows), pattern=pattern, before=None, group=group or "lab"
        )

    # --- membership -------------------------------------------------------------------------
    def create(self, group: str, *, is_open: bool = False) -> groups.CreateGroupReply:
        self._state.called("create_group", group, is_open)
        return groups.CreateGroupReply(group=group, mode="open" if is_open else "sealed")

    def join(self, group: str) -> groups.JoinGroupReply:
        self._state.called("join_group", group)
        return groups.JoinGroupReply(group=group, status="requested")

    def leave(self, group: str) -> GroupResult:
        self._state.called("leave_group", group)
        return GroupResult(group=group)

    def is_own(self, group: str) -> bool:
        self._state.called("is_own", group)
        return group == "lab"

    def profile(self, group: str) -> groups.GroupProfileReply:
        self._state.called("profile", group)
        return groups.GroupProfileReply(group=group, mode="open", source="", role="owner")

    def accept_request(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("accept_request", group, user)

    def reject_request(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("reject_request", group, user)

    def accept_requests(self, group: str, users: Sequence[str]) -> AcceptedResult:
        self._state.called("accept_request", group, *users)
        return AcceptedResult(group=group, users=list(users) or ["eve"])

    def reject_requests(self, group: str, users: Sequence[str]) -> RejectedResult:
        self._state.called("reject_request", group, *users)
        return RejectedResult(group=group, users=list(users) or ["eve"])

    def remove_member(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("remove_member", group, user)

    def promote(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("promote", group, user)

    def demote(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("demote", group, user)

    def set_role(self, group: str, user: str, role: groups.GivenRole) -> groups.RoleReply:
        self._state.called("set_role", group, user, role)
        return groups.RoleReply(group=group, user=user, role=role)

    def set_upload(self, group: str, upload: groups.Upload) -> groups.SetUploadReply:
        self._state.called("set_upload", group, upload)
        return groups.SetUploadReply(group=group, upload=upload)

    def transfer(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("transfer_group", group, user)

    def _on_member(self, what: str, group: str, user: str) -> groups.MemberReply:
        self._state.called(what, group, user)
        return groups.MemberReply(group=group, user=user)

    def use(self, group: str) -> GroupResult:
        self._state.called("use_group", group)
        self._state.group = group
        return GroupResult(group=group)

    def export_credentials(self, group: str, folder: Path) -> ExportResult:
        self._state.called("export_credentials", group, folder)
        return ExportResult(
            certificate=f"{folder}/certificate.pem",
            key=f"{folder}/key.pem",
            dhparams=f"{folder}/dhparams.pem",
        )
