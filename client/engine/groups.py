"""What a user does with groups, their members and the requests to join them."""

from __future__ import annotations

from client.engine import status
from client.engine.account import Account
from client.engine.collection import Collection
from client.engine.credentials import Credentials
from client.engine.remote import Remote
from common.api import groups
from common.api.audit import LIST_EVENTS, ListEventsReply
from common.api.events import LIST_NOTICES


class Groups:
    """The groups of a session; see Session for what goes for all its methods."""

    def __init__(
        self,
        account: Account,
        remote: Remote,
        transfers: Collection,
        credentials: Credentials,
    ) -> None:
        self._account = account
        self._call = remote.call
        self._transfers = transfers
        self._credentials = credentials

    def create_group(self, group: str, *, is_open: bool = False) -> groups.CreateGroupReply:
        """Make a group, as its owner; in a sealed one members prove to each other who they are."""
        mode = "open" if is_open else "sealed"
        reply = self._call(groups.CREATE_GROUP, group=group, mode=mode)
        self._account.joined(reply.group)
        return reply

    def join_group(self, group: str) -> groups.JoinGroupReply:
        """Ask to be let into a group."""
        return self._call(groups.JOIN_GROUP, group=group)

    def leave_group(self, group: str) -> status.GroupResult:
        """Leave a group; its transfers end here, finished files stay."""
        reply = self._call(groups.LEAVE_GROUP, group=group)
        self._account.left(reply.group)
        self._transfers.leave(reply.group)
        self._credentials.forget(reply.group)
        return status.GroupResult(group=reply.group)

    def list_groups(self) -> status.GroupsResult:
        """All groups of this tracker."""
        reply = self._call(groups.LIST_GROUPS)
        return status.GroupsResult(groups=reply.groups, user=self._account.require())

    def list_members(self, group: str | None) -> groups.ListMembersReply:
        """Who is in a group."""
        return self._call(groups.LIST_MEMBERS, group=self._account.require_group(group))

    def list_requests(self, group: str | None) -> groups.ListRequestsReply:
        """Who asks to be let into a group."""
        return self._call(groups.LIST_REQUESTS, group=self._account.require_group(group))

    def audit(self, group: str | None) -> ListEventsReply:
        """What was done in a group, and with its members' accounts."""
        return self._call(LIST_EVENTS, group=self._account.require_group(group))

    def notices(self) -> status.NoticesResult:
        """What concerned this user lately, and everything that happened while nobody was here."""
        return status.NoticesResult(notices=self._call(LIST_NOTICES).notices)

    def accept_request(self, group: str, user: str) -> groups.MemberReply:
        """Let somebody in who asked."""
        reply = self._call(groups.ACCEPT_REQUEST, group=group, user=user)
        self._account.answered_request()
        return reply

    def reject_request(self, group: str, user: str) -> groups.MemberReply:
        """Turn a request down."""
        reply = self._call(groups.REJECT_REQUEST, group=group, user=user)
        self._account.answered_request()
        return reply

    def remove_member(self, group: str, user: str) -> groups.MemberReply:
        """Remove somebody from a group."""
        return self._call(groups.REMOVE_MEMBER, group=group, user=user)

    def promote(self, group: str, user: str) -> groups.MemberReply:
        """Make a member an admin."""
        return self._call(groups.PROMOTE, group=group, user=user)

    def demote(self, group: str, user: str) -> groups.MemberReply:
        """Make an admin an ordinary member."""
        return self._call(groups.DEMOTE, group=group, user=user)

    def transfer_group(self, group: str, user: str) -> groups.MemberReply:
        """Make a member the owner."""
        return self._call(groups.TRANSFER_GROUP, group=group, user=user)

    def use_group(self, group: str) -> status.GroupResult:
        """Take this group wherever none is named."""
        self._call(groups.GET_GROUP, group=group)  # refuses when the user is no member
        self._account.use(group)
        return status.GroupResult(group=group)
