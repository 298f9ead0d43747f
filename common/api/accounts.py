"""Accounts and sessions: who is on the other end of the line."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, computed_field

from common.api.model import Count, Hex20, Model, Name, Password, Port, Token
from common.api.operation import Operation
from common.api.paging import ROWS, PageReply, PageRequest
from common.errors import ErrorCode

NO_PEER_ID = "0" * 40
"""Of who accepts no peers."""


class CreateUser(Model):
    """Open an account."""

    user: Name
    password: Password


class UserReply(Model):
    """`warning` is a sentence for the user, such as that the password is short."""

    user: str
    warning: str | None = None


class Login(Model):
    """Log in.

    `peer_id` (hex) and `port` are what other members reach this client by.

    Over HTTP they mean nothing, and the token in the reply is one for HTTP.
    """

    user: Name
    password: Password
    peer_id: Hex20 = NO_PEER_ID
    port: Port = 0


class LoginReply(Model):
    """`pending_requests` counts the join requests in the groups that the user administers.

    A session's token is good until it isn't used for a month, one for HTTP until `expires_at`
    (ISO 8601, UTC). `unread_notices` is how much happened that concerns the user while nobody was
    there to be told. `groups` are the first of the user's own, by name; `more_groups` is how many
    there are beside them (list_groups has them all).
    """

    user: str
    token: str
    groups: Annotated[list[str], ROWS]
    more_groups: Count = 0
    pending_requests: Count
    unread_notices: Count = 0
    expires_at: str | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def shares(self) -> Annotated[list[str], Field(max_length=0)]:
        """Nothing: clients of version 1.0 can't read the reply without this list."""
        return []


class ResumeSession(Model):
    """Come back after a lost connection, with the token instead of the password."""

    token: Token
    peer_id: Hex20
    port: Port


class Logout(Model):
    """End this session: its token and its presence are gone."""


class ChangePassword(Model):
    """All other sessions of this user end, and announce keys are of no use any more."""

    old: Password
    new: Password


class ListSessions(PageRequest):
    """Ask where this user is logged in."""


class SessionRow(Model):
    """A login; `since` is ISO 8601, UTC, `address` the one that it was used from last."""

    id: Count
    address: str
    since: str
    current: bool


class ListSessionsReply(PageReply):
    sessions: Annotated[list[SessionRow], ROWS]


class EndSession(Model):
    """End one of this user's logins: it is cut off on every tracker."""

    id: Count


class EndSessionReply(Model):
    """`current` tells whether it was the one that asked."""

    id: Count
    current: bool = False


class Ping(Model):
    """Keep the connection alive; needs no login."""


class Pong(Model):
    """The answer to Ping: nothing but a sign of life."""


CREATE_USER = Operation(
    "create_user",
    CreateUser,
    UserReply,
    frozenset({ErrorCode.USER_EXISTS, ErrorCode.WEAK_PASSWORD, ErrorCode.TOO_MANY_ATTEMPTS}),
    needs_login=False,
    carries_password=True,
)
LOGIN = Operation(
    "login",
    Login,
    LoginReply,
    frozenset({ErrorCode.BAD_CREDENTIALS, ErrorCode.TOO_MANY_ATTEMPTS}),
    needs_login=False,
    carries_password=True,
)
RESUME_SESSION = Operation(
    "resume_session",
    ResumeSession,
    LoginReply,
    frozenset({ErrorCode.NOT_LOGGED_IN}),
    needs_login=False,
    session_only="There is nothing to resume: send the token with every request.",
)
LOGOUT = Operation("logout", Logout, UserReply, frozenset(), scope="read")
CHANGE_PASSWORD = Operation(
    "change_password",
    ChangePassword,
    UserReply,
    frozenset({ErrorCode.BAD_CREDENTIALS, ErrorCode.TOO_MANY_ATTEMPTS, ErrorCode.WEAK_PASSWORD}),
    carries_password=True,
)
LIST_SESSIONS = Operation("list_sessions", ListSessions, ListSessionsReply, frozenset())
END_SESSION = Operation("end_session", EndSession, EndSessionReply, frozenset())
PING = Operation("ping", Ping, Pong, frozenset(), needs_login=False)
