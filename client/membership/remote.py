"""Calls to the tracker, as all services make them."""

from __future__ import annotations

from typing import Protocol

from client.membership.account import Account
from common.api.operation import Operation, ReplyT, RequestT


class TrackerCalls(Protocol):
    """Calls operations of the tracker, each by its definition in common.api."""

    def call(self, operation: Operation[RequestT, ReplyT], **arguments: object) -> ReplyT:
        """Validate the arguments, then call the operation.

        Raises MinitorrentError: not_logged_in if the operation needs a login, its refusal, or the
        network's failure.
        """


class RequestSender(Protocol):
    """What TrackerCalls need of a TrackerClient."""

    @property
    def clock_difference(self) -> float | None:
        """See TrackerClient."""

    def call(self, operation: Operation[RequestT, ReplyT], request: RequestT) -> ReplyT:
        """See TrackerClient."""


class Remote:
    """TrackerCalls of the logged-in user."""

    def __init__(self, account: Account, tracker_client: RequestSender) -> None:
        self._account = account
        self._tracker_client = tracker_client

    def call(self, operation: Operation[RequestT, ReplyT], **arguments: object) -> ReplyT:
        """See TrackerCalls."""
        if operation.needs_login:
            self._account.require()
        return self._tracker_client.call(operation, operation.read_request(arguments))

    @property
    def clock_difference(self) -> float | None:
        """See TrackerClient."""
        return self._tracker_client.clock_difference
