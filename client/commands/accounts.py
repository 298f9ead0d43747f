"""Commands for accounts and sessions."""

from __future__ import annotations

from client.commands import listing
from client.commands.command import Argument, Arguments, Command, Context, Kind, Option
from client.results.accounts import EndSessionResult, LoginResult, UserResult
from client.results.lists import SessionsResult
from common.errors import ErrorCode

_USER = Argument("USER", Kind.NEW_NAME, help="the name of the account")
_PASSWORD = Argument("PASSWORD", Kind.PASSWORD)


def _create_user(context: Context, arguments: Arguments) -> UserResult:
    user, password = arguments.text("USER"), arguments.text("PASSWORD")
    invitation = arguments.optional("invite")
    if invitation is None:
        return context.session.accounts.create(user, password)
    return context.session.invitations.sign_up(invitation, user, password)


def _login(context: Context, arguments: Arguments) -> LoginResult:
    return context.session.accounts.login(
        arguments.text("USER"), arguments.text("PASSWORD"), remember="remember" in arguments.flags
    )


def _logout(context: Context, _: Arguments) -> UserResult:
    return context.session.accounts.logout()


def _whoami(context: Context, _: Arguments) -> UserResult:
    return context.session.accounts.whoami()


def _passwd(context: Context, arguments: Arguments) -> UserResult:
    return context.session.accounts.change_password(arguments.text("OLD"), arguments.text("NEW"))


def _sessions(context: Context, arguments: Arguments) -> SessionsResult:
    return context.session.accounts.sessions(
        listing.pattern(arguments), limit=listing.limit(arguments)
    )


def _end_session(context: Context, arguments: Arguments) -> EndSessionResult:
    number = listing.row_id(arguments, "a session", "sessions")
    return context.session.accounts.end_session(number)


COMMANDS = (
    Command(
        name="create_user",
        topic="accounts",
        summary="create an account",
        run=_create_user,
        arguments=(_USER, Argument("PASSWORD", Kind.NEW_PASSWORD)),
        options=(
            Option(
                "invite",
                "enter the group of this invitation at once",
                value="INVITATION",
                kind=Kind.INVITATION,
            ),
        ),
        details="A name has 1 to 64 letters, digits, dots, underscores or hyphens. At a terminal,"
        " leave out the password and you are prompted for it without echo. Some trackers create"
        " accounts by invitation only.",
        example="create_user ann",
        answer="Account {user} created; next: login {user}",
        errors=(
            ErrorCode.USER_EXISTS,
            ErrorCode.WEAK_PASSWORD,
            ErrorCode.TOO_MANY_ATTEMPTS,
            ErrorCode.INVITE_INVALID,
            ErrorCode.REGISTRATION_CLOSED,
        ),
    ),
    Command(
        name="login",
        topic="accounts",
        summary="log in and resume your shares and downloads",
        run=_login,
        arguments=(_USER, _PASSWORD),
        options=(
            Option("remember", "stay logged in when the client starts again", in_usage=False),
        ),
        details="At a terminal, leave out the password and you are prompted for it without echo."
        " With --remember, the client keeps the session (not the password) in a file that only you"
        " can read, and shares again at its next start without a login, until you log out. Without"
        " it, the session ends when you quit.",
        example="login ann",
        errors=(
            ErrorCode.BAD_CREDENTIALS,
            ErrorCode.TOO_MANY_ATTEMPTS,
            ErrorCode.FILE_EXISTS,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
    Command(
        name="logout",
        topic="accounts",
        summary="log out; transfers stop until you log in again",
        run=_logout,
        details="The client keeps your shares and downloads, and resumes them when you log in. A"
        " login with --remember is forgotten.",
        example="logout",
        answer="Logged out {user}",
    ),
    Command(
        name="whoami",
        topic="accounts",
        summary="show who is logged in",
        run=_whoami,
        details="The prompt shows the user and the group in use as well.",
        example="whoami",
        answer="{user}",
    ),
    Command(
        name="passwd",
        topic="accounts",
        summary="change your password",
        run=_passwd,
        arguments=(
            Argument("OLD", Kind.PASSWORD, prompt="Old password"),
            Argument("NEW", Kind.NEW_PASSWORD, prompt="New password"),
        ),
        details="At a terminal, leave out both passwords and you are prompted for them without"
        " echo. Your other sessions are logged out.",
        example="passwd",
        answer="Changed the password of {user}",
        errors=(ErrorCode.BAD_CREDENTIALS, ErrorCode.TOO_MANY_ATTEMPTS, ErrorCode.WEAK_PASSWORD),
    ),
    Command(
        name="sessions",
        topic="accounts",
        summary="list your sessions: where you are logged in",
        run=_sessions,
        arguments=(listing.PATTERN,),
        options=(listing.LIMIT,),
        details="Lists each session with its ID, the address it came from and when it started. The"
        " current one is marked. End a session that isn't yours with end_session. PATTERN matches"
        " addresses.",
        example="sessions",
    ),
    Command(
        name="end_session",
        topic="accounts",
        summary="end one of your sessions",
        run=_end_session,
        arguments=(Argument("ID", Kind.SESSION),),
        details="Closes its connection at once, whichever tracker it uses. Metainfo files that you"
        " wrote with share can no longer announce. If you don't recognize the session, change your"
        " password too. Ending the current session logs you out.",
        example="end_session 17",
        answer="Ended session {id}",
    ),
)
