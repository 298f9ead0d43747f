"""Logs in at the start of an action, with an account that exists or a new one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

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

    def yes(self, question: str, *, default: bool = False) -> bool: ...

    def say(self, text: str) -> None: ...


@dataclass(frozen=True)
class Account:
    """A name with its password, of an account that may not exist yet."""

    user: str
    password: str = field(repr=False)


def new_guest() -> Account:
    """Return a new account with a random name and password."""
    return Account(_GUEST + secrets.token_hex(4), secrets.token_urlsafe(24))


class SignIn:
    """Logs in to a session. Its methods return whether the account is new.

    With an `invitation`, a new account enters the invitation's group at once. With `remember`,
    later runs of the client resume the login; None asks whether to.
    """

    def __init__(
        self, session: SessionApi, invitation: str | None = None, *, remember: bool | None = None
    ) -> None:
        self._session = session
        self._invitation = invitation
        self._remember = remember

    def with_account(self, account: Account) -> bool:
        """Log in, with a new account if the name is free. Raises MinitorrentError."""
        is_new = True
        try:
            self._create(account.user, account.password)
        except MinitorrentError as error:
            if error.code is not ErrorCode.USER_EXISTS:
                raise
            is_new = False
        self._session.accounts.login(account.user, account.password, remember=bool(self._remember))
        return is_new

    def ask(self, asking: Asking) -> bool:
        """Ask for an account until one works, for a few times. Raises MinitorrentError."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._ask_once(asking)
            except MinitorrentError as error:
                if error.code not in _ASK_AGAIN:
                    raise
                asking.say(error.message)
        return self._ask_once(asking)

    def _ask_once(self, asking: Asking) -> bool:
        user = asking.text("Your name: ")
        is_new = not asking.yes("Do you have an account with this name already?")
        password = asking.secret("Password: ")
        if is_new:
            if asking.secret("Password again: ") != password:
                raise MinitorrentError(ErrorCode.USAGE, "The two passwords don't match; try again.")
            self._create(user, password)
        remember = self._remember
        if remember is None:
            remember = asking.yes("Stay logged in on this machine?", default=True)
        self._session.accounts.login(user, password, remember=remember)
        return is_new

    def _create(self, user: str, password: str) -> None:
        if self._invitation is None:
            self._session.accounts.create(user, password)
        else:
            self._session.invitations.sign_up(self._invitation, user, password)
