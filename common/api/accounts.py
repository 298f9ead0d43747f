"""Accounts and sessions."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, computed_field

from common.addresses import MAX_LOCAL, only_local
from common.api.invitations import InviteCode
from common.api.model import Count, Hex20, Model, Name, Password, Port, Token
from common.api.operation import Operation
from common.api.paging import ROWS, PageReply, PageRequest
from common.errors import ErrorCode

NO_PEER_ID = "0" * 40
"""The peer id of a client that accepts no peers."""


LocalHosts = Annotated[
    list[Annotated[str, Field(max_length=64)]],
    Field(max_length=MAX_LOCAL),
    AfterValidator(only_local),
]
"""A client's addresses inside its own network; what is no private address is left out."""


class CreateUser(Model):
    """Create an account, with an `invite` as a member of the group that the invitation is for.

    Some trackers create accounts by invitation only. A guest's account ends with that group.
    """

    user: Name
    password: Password
    invite: InviteCode | None = None
    guest: bool = False


class UserReply(Model):
    """`warning` is a sentence for the user, for example about a short password."""

    user: str
    warning: str | None = None


class CreateUserReply(UserReply):
    """`group` is the one that the user entered by an invitation."""

    group: str | None = None


class Login(Model):
    """Log in.

    `peer_id` (hex) and `port` tell other members how to reach this client, and `local`, its private
    addresses, how those can who share its public one.

    Over HTTP these are ignored, and the reply's token is for HTTP.
    """

    user: Name
    password: Password
    peer_id: Hex20 = NO_PEER_ID
    port: Port = 0
    local: LocalHosts = Field(default_factory=list)


class LoginReply(Model):
    """`pending_requests` counts join requests in the groups that the user administers.

    A session's token is valid until it has been unused for a month, an HTTP token until
    `expires_at` (ISO 8601, UTC). `unread_notices` counts the notices that arrived while the user
    was offline. `groups` lists the user's first groups by name; `more_groups` counts the others
    (list_groups has them all).
    """

    user: str
    token: str
    groups: Annotated[list[str], ROWS]
    more_groups: Count = 0
    pending_requests: Count
    unread_notices: Count = 0
    expires_at: str | None = None

    @computed_field  # type: ignore[prop-decorator] # mypy decorates no properties
    @property
    def shares(self) -> Annotated[list[str], Field(max_length=0)]:
        """Always empty: clients of version 1.0 can't read the reply without this list."""
        return []


class ResumeSession(Model):
    """Resume after a lost connection, with the token instead of the password."""

    token: Token
    peer_id: Hex20
    port: Port
    local: LocalHosts = Field(default_factory=list)


class AddAddress(Model):
    """Tell the tracker another address of this client: the one that this connection comes from.

    It is of the other family than the address of the session with this `token`, IPv4 or IPv6, and
    public. `port` is where the client accepts peers there. The connection needs no login.
    """

    token: Token
    port: Port


class AddAddressReply(Model):
    """`host` is the address that was added."""

    host: str


class Logout(Model):
    """End this session, with its token and presence."""


class ChangePassword(Model):
    """Change the password; ends this user's other sessions and voids their announce keys."""

    old: Password
    new: Password


class CheckPassword(Model):
    """Check this user's password, as a new login would, without one."""

    password: Password


class ListSessions(PageRequest):
    """List this user's logins."""


class SessionRow(Model):
    """A login; `since` is ISO 8601, UTC, `address` where it was last used from."""

    id: Count
    address: str
    since: str
    current: bool


class ListSessionsReply(PageReply):
    sessions: Annotated[list[SessionRow], ROWS]


class EndSession(Model):
    """End one of this user's logins, on every tracker."""

    id: Count


class EndSessionReply(Model):
    """`current` says whether it was the login that sent the request."""

    id: Count
    current: bool = False


class Ping(Model):
    """Keep the connection alive; needs no login."""


class Pong(Model):
    """The empty answer to Ping."""


CREATE_USER = Operation(
    "create_user",
    CreateUser,
    CreateUserReply,
    frozenset(
        {
            ErrorCode.USER_EXISTS,
            ErrorCode.WEAK_PASSWORD,
            ErrorCode.TOO_MANY_ATTEMPTS,
            ErrorCode.INVITE_INVALID,
            ErrorCode.REGISTRATION_CLOSED,
        }
    ),
    needs_login=False,
    carries_password=True,
)
LOGIN = Operation(
    "login",
    Login,
    LoginReply,
    frozenset(
        {ErrorCode.BAD_CREDENTIALS, ErrorCode.TOO_MANY_ATTEMPTS, ErrorCode.PERMISSION_DENIED}
    ),
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
ADD_ADDRESS = Operation(
    "add_address",
    AddAddress,
    AddAddressReply,
    frozenset({ErrorCode.NOT_LOGGED_IN}),
    needs_login=False,
    session_only="Only clients with a session have an address to be dialled.",
)
LOGOUT = Operation("logout", Logout, UserReply, frozenset(), scope="read")
CHANGE_PASSWORD = Operation(
    "change_password",
    ChangePassword,
    UserReply,
    frozenset({ErrorCode.BAD_CREDENTIALS, ErrorCode.TOO_MANY_ATTEMPTS, ErrorCode.WEAK_PASSWORD}),
    carries_password=True,
)
CHECK_PASSWORD = Operation(
    "check_password",
    CheckPassword,
    UserReply,
    frozenset({ErrorCode.BAD_CREDENTIALS, ErrorCode.TOO_MANY_ATTEMPTS}),
    carries_password=True,
)
LIST_SESSIONS = Operation("list_sessions", ListSessions, ListSessionsReply, frozenset())
END_SESSION = Operation("end_session", EndSession, EndSessionReply, frozenset())
PING = Operation("ping", Ping, Pong, frozenset(), needs_login=False)
