"""Accounts as the shell sees them."""

from __future__ import annotations

from client.membership.resumption import LONGEST_WAIT
from client.results.accounts import EndSessionResult, LoginResult, UserResult
from client.results.lists import SessionsResult
from client.services.paging import USUAL_LIMIT
from common.api.accounts import SessionRow
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.state import FakeState, unusual


class FakeAccounts:
    """`client.services.accounts.AccountService` without a tracker."""

    def __init__(self, state: FakeState) -> None:
        self._state = state
        self.settled: list[float] = []

    def create(self, user: str, password: str) -> UserResult:
        self._state.called("create_user", user, password)
        return UserResult(user=user)

    def login(self, user: str, password: str, *, remember: bool = False) -> LoginResult:
        self._state.called("login", user, password, *(["remember"] if remember else []))
        if password == "wrong":
            raise MinitorrentError(ErrorCode.BAD_CREDENTIALS, "Wrong user or password.")
        self._state.user = user
        return LoginResult(user=user, groups=["lab"], sharing=3)

    def settle(self, seconds: float = LONGEST_WAIT) -> bool:
        self.settled.append(seconds)
        return True

    def logout(self) -> UserResult:
        self._state.called("logout")
        user = self._state.require()
        self._state.user = self._state.group = None
        return UserResult(user=user)

    def whoami(self) -> UserResult:
        return UserResult(user=self._state.require())

    def change_password(self, old: str, new: str) -> UserResult:
        self._state.called("passwd", old, new)
        return UserResult(user=self._state.require())

    def sessions(self, pattern: str = "", *, limit: int = USUAL_LIMIT) -> SessionsResult:
        self._state.called("sessions", *unusual(pattern, limit))
        row = SessionRow(id=17, address="192.0.2.1", since="2026-01-02T03:04:05Z", current=True)
        return SessionsResult(sessions=[row], total=1, pattern=pattern)

    def end_session(self, number: int) -> EndSessionResult:
        self._state.called("end_session", number)
        return EndSessionResult(id=number)
