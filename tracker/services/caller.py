"""The client behind a request."""

from __future__ import annotations

from dataclasses import dataclass, field

from common.api.operation import Scope, covers
from common.errors import ErrorCode, MinitorrentError
from common.types import PeerId


@dataclass(frozen=True)
class Identity:
    """A logged-in user on one connection; `peer_id` is as reported by the client.

    `address` and `port` are where its connection comes from, `local` its encoded local addresses
    (see tracker.domain.whereabouts). Over HTTP there is no connection: `connection_id` is empty,
    and `scope` is the token's.
    """

    user_id: int
    user: str
    token_id: int
    connection_id: str
    peer_id: PeerId
    address: str
    port: int = 0
    scope: Scope = "account"
    local: str = ""


OPERATOR = Identity(
    user_id=0,
    user="(operator)",  # the name of no user: those have no parentheses
    token_id=0,
    connection_id="",
    peer_id=PeerId(bytes(20)),
    address="",
)
"""The tracker's operator, as the actor of events: without an account and an address."""


@dataclass
class Caller:
    """The client on a connection, or of one HTTP request; then `connection_id` is empty.

    It connects from `address` and `port`; `reached_at` is the tracker's own address as the client
    reached it. `token` is the one from an HTTP request's header. `since` is the newest event
    when the session began: the client gets notices of later ones.
    """

    connection_id: str
    address: str
    reached_at: str
    identity: Identity | None = None
    token: str = field(default="", repr=False)
    since: int = 0
    port: int = 0

    def require_login(self, scope: Scope = "read") -> Identity:
        """Return who the caller is; raises MinitorrentError(not_logged_in, permission_denied)."""
        if self.identity is None:
            raise MinitorrentError(
                ErrorCode.NOT_LOGGED_IN,
                "You are not logged in; type: login USER PASSWORD"
                if self.connection_id
                else "Send a valid token: Authorization: Bearer TOKEN. login returns one.",
            )
        if not covers(self.identity.scope, scope):
            raise MinitorrentError(
                ErrorCode.PERMISSION_DENIED,
                f"This token has the scope {self.identity.scope}; create one for {scope} with: "
                "create_token",
            )
        return self.identity
