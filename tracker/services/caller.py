"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass

from common.errors import ErrorCode, MinitorrentError
from common.types import PeerId


@dataclass(frozen=True)
class Identity:
    """A logged-in user on one connection; `peer_id` is what the client told."""

    user_id: int
    user: str
    token_id: int
    connection_id: str
    peer_id: PeerId
    address: str


@dataclass
class Caller:
    """The other end of a connection.

    `address` is its IP address, `reached_at` the tracker's own address as the client reached it.
    """

    connection_id: str
    address: str
    reached_at: str
    identity: Identity | None = None

    def require_login(self) -> Identity:
        """Who it is; raises MinitorrentError(not_logged_in)."""
        if self.identity is None:
            raise MinitorrentError(
                ErrorCode.NOT_LOGGED_IN, "You are not logged in; type: login USER PASSWORD"
            )
        return self.identity
