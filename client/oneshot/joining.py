"""Enters a group by an invitation, with a new account or an old one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from common import invitation
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi

_GUEST = "guest-"  # the beginning of a guest's name

_ATTEMPTS = 5
_ASK_AGAIN = (
    ErrorCode.USAGE,
    ErrorCode.INVALID_NAME,
    ErrorCode.USER_EXISTS,
    ErrorCode.WEAK_PASSWORD,
    ErrorCode.BAD_CREDENTIALS,
)


class Asking(Protocol):
    """Asks the user; see client.shell.terminal.questions.Questions."""

    def text(self, prompt: str) -> str: ...

    def secret(self, prompt: str) -> str: ...

    def yes(self, question: str) -> bool: ...

    def say(self, text: str) -> None: ...


@dataclass(frozen=True)
class Account:
    """The account to join with, new or old."""

    user: str
    password: str


def join(session: SessionApi, text: str, account: Account | None, asking: Asking | None) -> str:
    """Enter the group of an invitation and make it the one in use; return its name.

    Without an `account`, `asking` asks for it, unless somebody is logged in. Raises
    MinitorrentError.
    """
    group = invitation.parse(text).group
    session.accounts.settle()
    if session.overview().user is not None:
        is_new = False
    elif account is not None:
        is_new = _sign_in(session, text, account)
    elif asking is not None:
        is_new = _ask_and_sign_in(session, text, asking)
    else:
        raise MinitorrentError(
            ErrorCode.USAGE, "Give --user and --password-file: there is no terminal to ask at."
        )
    if not is_new:
        _enter(session, text)
    session.groups.use(group)
    return group


def new_guest() -> Account:
    """Return a new account with a random name and password."""
    return Account(_GUEST + secrets.token_hex(4), secrets.token_urlsafe(24))


def _sign_in(session: SessionApi, text: str, account: Account) -> bool:
    """Log in, with a new account if the name is free; return whether it is new.

    A new account is a member of the group already.
    """
    is_new = True
    try:
        session.invitations.sign_up(text, account.user, account.password)
    except MinitorrentError as error:
        if error.code is not ErrorCode.USER_EXISTS:
            raise
        is_new = False
    session.accounts.login(account.user, account.password)
    return is_new


def _ask_and_sign_in(session: SessionApi, text: str, asking: Asking) -> bool:
    """Ask for an account until one works; see _sign_in."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return _ask_once(session, text, asking)
        except MinitorrentError as error:
            if error.code not in _ASK_AGAIN:
                raise
            asking.say(error.message)
    return _ask_once(session, text, asking)


def _ask_once(session: SessionApi, text: str, asking: Asking) -> bool:
    user = asking.text("Your name: ")
    if asking.yes("Do you have an account with this name already?"):
        session.accounts.login(user, asking.secret("Password: "))
        return False
    password = asking.secret("Password: ")
    if asking.secret("Password again: ") != password:
        raise MinitorrentError(ErrorCode.USAGE, "The two passwords don't match; try again.")
    session.invitations.sign_up(text, user, password)
    session.accounts.login(user, password)
    return True


def _enter(session: SessionApi, text: str) -> None:
    """Accept the invitation; it doesn't matter if the user is a member already."""
    try:
        session.invitations.accept(text)
    except MinitorrentError as error:
        group = invitation.parse(text).group
        if error.code is ErrorCode.TRACKER_UNREACHABLE or not session.groups.is_own(group):
            raise
