"""Groups, their members and the requests to join them."""

from __future__ import annotations

from client import results
from client.membership.account import Account, Remote
from client.membership.credentials import Credentials
from client.transfers.transfer_manager import TransferManager
from common.api import groups
from common.errors import ErrorCode, MinitorrentError


class Groups:
    """The groups of a session; see Session for the rules of all its methods."""

    def __init__(
        self,
        account: Account,
        remote: Remote,
        transfers: TransferManager,
        credentials: Credentials,
    ) -> None:
        self._account = account
        self._call = remote.call
        self._transfers = transfers
        self._credentials = credentials

    def create_group(self, group: str, *, is_open: bool = False) -> groups.CreateGroupReply:
        """Create a group, as its owner; members of a sealed one prove membership to each other."""
        mode = "open" if is_open else "sealed"
        reply = self._call(groups.CREATE_GROUP, group=group, mode=mode)
        self._account.joined(reply.group)
        return reply

    def join_group(self, group: str) -> groups.JoinGroupReply:
        """Ask to join a group."""
        return self._call(groups.JOIN_GROUP, group=group)

    def leave_group(self, group: str) -> results.GroupResult:
        """Leave a group; its transfers end, finished files stay on disk."""
        reply = self._call(groups.LEAVE_GROUP, group=group)
        self._account.left(reply.group)
        self._transfers.leave(reply.group)
        self._credentials.forget(reply.group)
        return results.GroupResult(group=reply.group)

    def is_own(self, group: str) -> bool:
        """Return whether the user is a member of a group."""
        if group in self._account.groups or self._account.knows_all_groups:
            return group in self._account.groups
        try:
            self._call(groups.GET_GROUP, group=group)
        except MinitorrentError as error:
            return error.code not in (ErrorCode.NOT_MEMBER, ErrorCode.NO_SUCH_GROUP)
        return True

    def role(self, group: str) -> groups.Role:
        """Return the user's role in a group."""
        return self._call(groups.GET_GROUP, group=group).role

    def accept_request(self, group: str, user: str) -> groups.MemberReply:
        """Accept a join request."""
        reply = self._call(groups.ACCEPT_REQUEST, group=group, user=user)
        self._account.answered_request()
        return reply

    def reject_request(self, group: str, user: str) -> groups.MemberReply:
        """Reject a join request."""
        reply = self._call(groups.REJECT_REQUEST, group=group, user=user)
        self._account.answered_request()
        return reply

    def remove_member(self, group: str, user: str) -> groups.MemberReply:
        """Remove a member from a group."""
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

    def use_group(self, group: str) -> results.GroupResult:
        """Make a group the default where none is named."""
        self._call(groups.GET_GROUP, group=group)  # raises if the user is not a member
        self._account.use(group)
        return results.GroupResult(group=group)
