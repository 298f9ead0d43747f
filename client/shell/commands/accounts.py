"""Commands on accounts."""

from __future__ import annotations

from pydantic import BaseModel

from client.shell.command import Argument, Arguments, Command, Context, Kind

_USER = Argument("USER", Kind.NEW_NAME)
_PASSWORD = Argument("PASSWORD", Kind.PASSWORD)


def _create_user(context: Context, arguments: Arguments) -> BaseModel:
    return context.session.create_user(arguments.text("USER"), arguments.text("PASSWORD"))


def _login(context: Context, arguments: Arguments) -> BaseModel:
    return context.session.login(arguments.text("USER"), arguments.text("PASSWORD"))


def _logout(context: Context, _: Arguments) -> BaseModel:
    return context.session.logout()


def _whoami(context: Context, _: Arguments) -> BaseModel:
    return context.session.whoami()


def _passwd(context: Context, arguments: Arguments) -> BaseModel:
    return context.session.passwd(arguments.text("OLD"), arguments.text("NEW"))


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
    ),
)
