"""Groups, their members, the requests to join them and their audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from client.membership.account import Account
from client.membership.credentials import Credentials
from client.membership.remote import TrackerCalls
from client.notices import Notices
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
from client.services.export import export_credentials
from client.services.paging import USUAL_LIMIT, collect
from client.transfers.transfer_manager import TransferManager
from common.api import audit, groups, stats
from common.api.operation import Operation
from common.errors import ErrorCode, MinitorrentError


class GroupService:
    """The groups of a session; see Session for the rules of all its methods."""

    def __init__(
        self,
        account: Account,
        notices: Notices,
        remote: TrackerCalls,
        transfers: TransferManager,
        credentials: Credentials,
    ) -> None:
        self._account = account
        self._notices = notices
        self._remote = remote
        self._transfers = transfers
        self._credentials = credentials

    # --- lists ------------------------------------------------------------------------------
    def list(
        self, pattern: str = "", *, member: bool | None = None, limit: int = USUAL_LIMIT
    ) -> GroupsResult:
        """List the groups, the user's own first; with `member`, only the user's own, or others."""
        found = collect(
            self._remote, groups.LIST_GROUPS, "groups", limit, pattern=pattern, member=member
        )
        user = self._account.require()
        if not pattern and member is not False and len(found.rows) == found.total:
            asking = {row.group: row.requests for row in found.rows if row.requests}
            self._account.counted_requests(asking)
        rows = [GroupRow.of(row) for row in found.rows]
        return GroupsResult(groups=rows, total=found.total, pattern=pattern, user=user)

    def members(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> MembersResult:
        """List a group's members, the longest-standing first."""
        chosen = self._account.require_group(group)
        found = collect(
            self._remote,
            groups.LIST_MEMBERS,
            "members",
            limit,
            group=chosen,
            pattern=pattern,
            all_roles=True,
        )
        return MembersResult(
            group=found.last.group, members=found.rows, total=found.total, pattern=pattern
        )

    def requests(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> RequestsResult:
        """List the join requests of a group, oldest first."""
        chosen = self._account.require_group(group)
        found = collect(
            self._remote, groups.LIST_REQUESTS, "requests", limit, group=chosen, pattern=pattern
        )
        if not pattern and len(found.rows) == found.total:
            self._account.listed_requests(found.last.group, [row.user for row in found.rows])
        return RequestsResult(
            group=found.last.group, requests=found.rows, total=found.total, pattern=pattern
        )

    def stats(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> StatsResult:
        """Return a group's size and its members' traffic, those who sent most first."""
        chosen = self._account.require_group(group)
        found = collect(self._remote, stats.STATS, "users", limit, group=chosen, pattern=pattern)
        last = found.last
        return StatsResult(
            group=last.group,
            files=last.files,
            bytes=last.bytes,
            members=last.members,
            upload=last.upload,
            left=last.left,
            users=sorted(found.rows, key=lambda row: (-row.up, -row.down, row.user)),
            total=found.total,
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
        """List the events of a group and its members' accounts: the newest, or those before."""
        chosen = self._account.require_group(group)
        found = collect(
            self._remote,
            audit.LIST_EVENTS,
            "events",
            limit,
            is_backward=True,
            group=chosen,
            pattern=pattern,
            after="" if before is None else str(before),
        )
        following = found.last.next
        return EventsResult(
            events=found.rows,
            total=found.total,
            pattern=pattern,
            before=None if following is None else int(following),
            group=chosen,
        )

    # --- membership -------------------------------------------------------------------------
    def create(self, group: str, *, is_open: bool = False) -> groups.CreateGroupReply:
        """Create a group, as its owner; members of a sealed one prove membership to each other."""
        mode = "open" if is_open else "sealed"
        reply = self._remote.call(groups.CREATE_GROUP, group=group, mode=mode)
        self._account.joined(reply.group)
        return reply

    def join(self, group: str) -> groups.JoinGroupReply:
        """Ask to join a group."""
        return self._remote.call(groups.JOIN_GROUP, group=group)

    def leave(self, group: str) -> GroupResult:
        """Leave a group; its transfers end, finished files stay on disk."""
        reply = self._remote.call(groups.LEAVE_GROUP, group=group)
        self._account.left(reply.group)
        self._transfers.leave(reply.group)
        self._credentials.forget(reply.group)
        return GroupResult(group=reply.group)

    def is_own(self, group: str) -> bool:
        """Return whether the user is a member of a group."""
        if group in self._account.groups or self._account.knows_all_groups:
            return group in self._account.groups
        try:
            self._remote.call(groups.GET_GROUP, group=group)
        except MinitorrentError as error:
            return error.code not in (ErrorCode.NOT_MEMBER, ErrorCode.NO_SUCH_GROUP)
        return True

    def profile(self, group: str) -> groups.GroupProfileReply:
        """Return a group's mode, the user's role in it, and who adds files."""
        return self._remote.call(groups.GET_GROUP, group=group, all_roles=True)

    def accept_request(self, group: str, user: str) -> groups.MemberReply:
        """Accept a join request."""
        reply = self._remote.call(groups.ACCEPT_REQUEST, group=group, user=user)
        self._account.answered_requests(group, [user])
        return reply

    def reject_request(self, group: str, user: str) -> groups.MemberReply:
        """Reject a join request."""
        reply = self._remote.call(groups.REJECT_REQUEST, group=group, user=user)
        self._account.answered_requests(group, [user])
        return reply

    def accept_requests(self, group: str, users: Sequence[str]) -> AcceptedResult:
        """Accept several users' join requests; without any, all that there are now.

        Of all, only the oldest are accepted if there is no room for more.
        """
        decided, left, reason = self._decide(groups.ACCEPT_REQUESTS, group, users)
        return AcceptedResult(group=group, users=[*decided], left=left, reason=reason)

    def reject_requests(self, group: str, users: Sequence[str]) -> RejectedResult:
        """Reject several users' join requests; without any, all that there are now."""
        decided, _, _ = self._decide(groups.REJECT_REQUESTS, group, users)
        return RejectedResult(group=group, users=[*decided])

    def _decide(
        self,
        operation: Operation[Any, groups.DecideRequestsReply],
        group: str,
        users: Sequence[str],
    ) -> tuple[Sequence[str], int, str]:
        """Decide requests, as many as fit one call at a time; users of earlier calls stay decided.

        Without names, no more than there were at first: others may keep asking meanwhile. Returns
        the users, and if there was no room for all, how many are left and why.
        """
        names = list(dict.fromkeys(users))
        decided: Sequence[str] = []
        most, left = len(names), 0
        while not decided or len(decided) < most:
            some = names[len(decided) : len(decided) + groups.MAX_DECISIONS]
            try:
                reply = self._remote.call(operation, group=group, users=some)
            except MinitorrentError as error:
                if names or not decided or error.code is not ErrorCode.QUOTA_EXCEEDED:
                    raise
                return decided, left, error.message
            if not reply.users:
                break
            decided = [*decided, *reply.users]
            most, left = most or len(reply.users) + reply.left, reply.left
            self._account.answered_requests(group, reply.users)
        return decided, 0, ""

    def remove_member(self, group: str, user: str) -> groups.MemberReply:
        """Remove a member from a group."""
        return self._remote.call(groups.REMOVE_MEMBER, group=group, user=user)

    def promote(self, group: str, user: str) -> groups.MemberReply:
        """Make a member an admin."""
        return self._remote.call(groups.PROMOTE, group=group, user=user)

    def demote(self, group: str, user: str) -> groups.MemberReply:
        """Make an admin or uploader a plain member."""
        return self._remote.call(groups.DEMOTE, group=group, user=user)

    def set_role(self, group: str, user: str, role: groups.GivenRole) -> groups.RoleReply:
        """Give a member a role."""
        return self._remote.call(groups.SET_ROLE, group=group, user=user, role=role)

    def set_upload(self, group: str, upload: groups.Upload) -> groups.SetUploadReply:
        """Decide who adds files to a group."""
        return self._remote.call(groups.SET_UPLOAD, group=group, upload=upload)

    def transfer(self, group: str, user: str) -> groups.MemberReply:
        """Make a member the owner."""
        return self._remote.call(groups.TRANSFER_GROUP, group=group, user=user)

    def use(self, group: str) -> GroupResult:
        """Make a group the default where none is named."""
        self._remote.call(groups.GET_GROUP, group=group)  # raises if the user is not a member
        self._account.use(group)
        return GroupResult(group=group)

    def export_credentials(self, group: str, folder: Path) -> ExportResult:
        """Write what a stock client needs to take part in a sealed group."""
        user = self._account.require()
        result = export_credentials(self._credentials, user, group, folder, self._notices.publish)
        self._account.lend()
        return result
