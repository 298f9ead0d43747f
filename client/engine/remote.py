"""The tracker's operations for the logged-in user."""

from __future__ import annotations

from client.engine.account import Account
from client.net.tracker_client import TrackerClient
from common.api.operation import Operation, ReplyT, RequestT


class Remote:
    """Calls operations of the tracker that require a login."""

    def __init__(self, account: Account, link: TrackerClient) -> None:
        self._account = account
        self._link = link

    def call(self, operation: Operation[RequestT, ReplyT], **arguments: object) -> ReplyT:
        """Validate the arguments, then call the operation.

        Raises MinitorrentError: not_logged_in, or the operation's refusal.
        """
        self._account.require()
        return self._link.call(operation, operation.read_request(arguments))
