"""The tracker's operations, for the user who is logged in."""

from __future__ import annotations

from client.engine.account import Account
from client.net.tracker_client import TrackerClient
from common.api.operation import Operation, ReplyT, RequestT


class Remote:
    """Has the tracker carry out operations that only somebody who is logged in may ask for."""

    def __init__(self, account: Account, link: TrackerClient) -> None:
        self._account = account
        self._link = link

    def call(self, operation: Operation[RequestT, ReplyT], **arguments: object) -> ReplyT:
        """Check the arguments here, then have the tracker carry out the operation.

        Raises MinitorrentError: not_logged_in, and whatever the operation is refused with.
        """
        self._account.require()
        return self._link.call(operation, operation.read_request(arguments))
