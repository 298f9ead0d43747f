"""Commands on accounts."""

from __future__ import annotations

from client.commands import listing
from client.commands.command import Argument, Arguments, Command, Context, Kind
from client.engine.lists import SessionsResult
from client.engine.results import EndSessionResult, LoginResult, UserResult
from common.errors import ErrorCode, MinitorrentError

_USER = Argument("USER", Kind.NEW_NAME, help="the name of the account")
_PASSWORD = Argument("PASSWORD", Kind.PASSWORD)


def _create_user(context: Context, arguments: Arguments) -> UserResult:
    return context.session.create_user(arguments.text("USER"), arguments.text("PASSWORD"))


def _login(context: Context, arguments: Arguments) -> LoginResult:
    return context.session.login(arguments.text("USER"), arguments.text("PASSWORD"))


def _logout(context: Context, _: Arguments) -> UserResult:
    return context.session.logout()


def _whoami(context: Context, _: Arguments) -> UserResult:
    return context.session.whoami()


def _passwd(context: Context, arguments: Arguments) -> UserResult:
    return context.session.passwd(arguments.text("OLD"), arguments.text("NEW"))


def _sessions(context: Context, arguments: Arguments) -> SessionsResult:
    return context.session.lists.sessions(
        listing.pattern(arguments), limit=listing.limit(arguments)
    )


def _end_session(context: Context, arguments: Arguments) -> EndSessionResult:
    number = arguments.text("ID")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise MinitorrentError(
            ErrorCode.USAGE, f"{number!r} is not the ID of a session; see them with: sessions"
        )
    return context.session.end_session(int(number))


COMMANDS = (
    Command(
        name="create_user",
        topic="accounts",
        summary="make an account",
        run=_create_user,
        arguments=(_USER, Argument("PASSWORD", Kind.NEW_PASSWORD)),
        details="The name has 1 to 64 letters, digits, dots, underscores or hyphens. In a terminal,"
        " leave the password out to be asked for it without showing it.",
        example="create_user ann",
        answer="Account {user} is made; next: login {user}",
        errors=(ErrorCode.USER_EXISTS, ErrorCode.WEAK_PASSWORD),
    ),
    Command(
        name="login",
        topic="accounts",
        summary="log in, and share again what you shared before",
        run=_login,
        arguments=(_USER, _PASSWORD),
        details="In a terminal, leave the password out to be asked for it without showing it."
        " Downloads that were not done go on.",
        example="login ann",
        errors=(ErrorCode.BAD_CREDENTIALS, ErrorCode.TOO_MANY_ATTEMPTS),
    ),
    Command(
        name="logout",
        topic="accounts",
        summary="log out; transfers stop and are kept",
        run=_logout,
        details="Everything goes on at the next login.",
        example="logout",
        answer="Logged out {user}",
    ),
    Command(
        name="whoami",
        topic="accounts",
        summary="show who is logged in",
        run=_whoami,
        details="Says who is logged in in this client, and nothing else; the group in use is in"
        " the prompt.",
        example="whoami",
        answer="{user}",
    ),
    Command(
        name="passwd",
        topic="accounts",
        summary="change your password",
        run=_passwd,
        arguments=(Argument("OLD", Kind.PASSWORD), Argument("NEW", Kind.NEW_PASSWORD)),
        details="In a terminal, leave both out to be asked for them without showing them.",
        example="passwd",
        answer="The password of {user} is changed",
        errors=(ErrorCode.BAD_CREDENTIALS, ErrorCode.TOO_MANY_ATTEMPTS, ErrorCode.WEAK_PASSWORD),
    ),
    Command(
        name="sessions",
        topic="accounts",
        summary="show where you are logged in",
        run=_sessions,
        arguments=(listing.PATTERN,),
        options=(listing.LIMIT,),
        details="One line a login, with its number, the address it came from, and since when. The"
        " one you are using is marked. A login that is not yours is ended with"
        " end_session. A pattern is for addresses.",
        example="sessions",
    ),
    Command(
        name="end_session",
        topic="accounts",
        summary="log out somewhere else",
        run=_end_session,
        arguments=(Argument("ID", Kind.SESSION),),
        details="Its connection is closed at once, on whichever tracker it is, and metainfo files"
        " that you wrote with share announce no more. When you don't know the session, change your"
        " password too. To end the one that you are using is to log out.",
        example="end_session 17",
        answer="Session {id} is ended",
    ),
)
