"""Calls to the tracker: which need a login, and what is checked before anything is sent."""

from __future__ import annotations

import pytest

from client.membership.account import Account
from client.membership.remote import Remote
from common.api import accounts, groups
from common.api.model import Model
from common.api.operation import Operation, ReplyT, RequestT
from common.errors import ErrorCode, MinitorrentError
from tests.unit.client.membership.test_account import reply


class Connection:
    """A tracker that answers what a request names; `requests` are those sent."""

    clock_difference = 2.5

    def __init__(self) -> None:
        self.requests: list[Model] = []

    def call(self, operation: Operation[RequestT, ReplyT], request: RequestT) -> ReplyT:
        self.requests.append(request)
        return operation.read_reply({"user": "ann", "group": "lab", "status": "requested"})


def failure(remote: Remote, operation: Operation[RequestT, ReplyT], **arguments: str) -> ErrorCode:
    with pytest.raises(MinitorrentError) as raised:
        remote.call(operation, **arguments)
    return raised.value.code


def test_only_operations_that_need_a_login_are_refused_without_one(account: Account) -> None:
    connection = Connection()
    remote = Remote(account, connection)
    assert failure(remote, groups.JOIN_GROUP, group="lab") is ErrorCode.NOT_LOGGED_IN
    assert connection.requests == []
    assert remote.call(accounts.CREATE_USER, user="ann", password="secret123").user == "ann"
    account.logged_in(reply())
    assert remote.call(groups.JOIN_GROUP, group="lab").status == "requested"
    assert connection.requests[1] == groups.JoinGroup(group="lab")


def test_invalid_arguments_are_not_sent(account: Account) -> None:
    connection = Connection()
    remote = Remote(account, connection)
    account.logged_in(reply())
    assert failure(remote, groups.JOIN_GROUP, group="../lab") is ErrorCode.INVALID_NAME
    assert failure(remote, groups.JOIN_GROUP) is ErrorCode.USAGE
    assert connection.requests == []


def test_the_clock_is_compared_with_the_trackers(account: Account) -> None:
    assert Remote(account, Connection()).clock_difference == 2.5
