"""Requests to join that are decided together."""

from __future__ import annotations

from typing import cast

import pytest

from client.membership.account import Account
from client.membership.credentials import Credentials
from client.notices import Notices
from client.services.groups import GroupService
from client.transfers.transfer_manager import TransferManager
from common.api.accounts import LoginReply
from common.api.groups import MAX_DECISIONS, DecideRequestsReply
from common.api.operation import Operation, ReplyT, RequestT
from common.errors import ErrorCode, MinitorrentError

FULL = "This tracker allows at most 9 members in lab and has 9."


class Tracker:
    """Has these users ask to join, and room for so many."""

    def __init__(self, asking: list[str], room: int) -> None:
        self.asking = asking
        self._room = room

    def call(self, operation: Operation[RequestT, ReplyT], **arguments: object) -> ReplyT:
        operation.read_request(arguments)
        if self.asking and not self._room:
            raise MinitorrentError(ErrorCode.QUOTA_EXCEEDED, FULL)
        most = min(self._room, MAX_DECISIONS)
        users, self.asking = self.asking[:most], self.asking[most:]
        self._room -= len(users)
        reply = DecideRequestsReply(group="lab", users=users, left=len(self.asking))
        return cast(ReplyT, reply)


@pytest.mark.parametrize("room", [30, MAX_DECISIONS, 230, 250])
def test_all_are_accepted_that_there_is_room_for(account: Account, room: int) -> None:
    names = [f"user{number}" for number in range(250)]
    login = LoginReply(user="ann", token="t", groups=["lab"], pending_requests=250)
    account.logged_in(login)
    result = _service(account, Tracker(names, room)).accept_requests("lab", [])
    assert result.users == names[:room]
    assert (result.left, result.reason) == (250 - room, FULL if room < 250 else "")
    assert account.pending_requests == 250 - room


def test_without_any_room_it_is_refused(account: Account) -> None:
    with pytest.raises(MinitorrentError, match="at most 9 members"):
        _service(account, Tracker(["bob"], 0)).accept_requests("lab", [])


def _service(account: Account, tracker: Tracker) -> GroupService:
    others = cast(TransferManager, None), cast(Credentials, None)
    return GroupService(account, cast(Notices, None), tracker, *others)
