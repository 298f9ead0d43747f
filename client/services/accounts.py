"""Accounts: the login of this client, its user's password and their other logins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from client.caller import current_caller
from client.core.notices.notice_kinds import NoticeKind
from client.membership.account import Account
from client.membership.credentials import Credentials
from client.membership.remembered_login import RememberedLogin, SessionToken
from client.membership.remote import TrackerCalls
from client.membership.resumption import LONGEST_WAIT
from client.net.tracker.tracker_client import TrackerClient
from client.notices import Notices
from client.results.accounts import EndSessionResult, LoginResult, UserResult
from client.results.lists import SessionsResult
from client.services.paging import USUAL_LIMIT, collect
from client.transfers.transfer_manager import TransferManager
from common.api import accounts
from common.errors import ErrorCode, MinitorrentError
from common.text import count

_GOODBYE: Final = 1.5
"""Seconds that a tracker has to end the session of a client that ends."""


class AccountService:
    """The accounts of a session; see Session for the rules of all its methods.

    `is_own` returns whether the logged-in user is a member of a group.
    """

    def __init__(
        self,
        account: Account,
        notices: Notices,
        remote: TrackerCalls,
        tracker_client: TrackerClient,
        transfers: TransferManager,
        credentials: Credentials,
        remembered: RememberedLogin,
        is_own: Callable[[str], bool],
    ) -> None:
        self._account = account
        self._notices = notices
        self._remote = remote
        self._tracker_client = tracker_client
        self._transfers = transfers
        self._credentials = credentials
        self._remembered = remembered
        self._is_own = is_own
        self._is_resumed = False  # whether the login is one of an earlier run

    def create(self, user: str, password: str) -> UserResult:
        """Create an account; a short password causes a warning notice."""
        reply = self._remote.call(accounts.CREATE_USER, user=user, password=password)
        self._warn(reply.warning)
        return UserResult(user=reply.user)

    def login(self, user: str, password: str, *, remember: bool = False) -> LoginResult:
        """Log in and load this user's transfers; one login at a time.

        With `remember`, later runs of the client resume the session. A login that was resumed may
        be repeated, and so may any by another program or to remember it: then only the password is
        checked.
        """
        self.settle()
        current = self._account.user
        if current is not None and not (user == current and (remember or self._may_repeat())):
            raise MinitorrentError(
                ErrorCode.USAGE, f"You are logged in as {current}; type logout first."
            )
        if remember:
            self._remembered.check_place()
        result = self._log_in(user, password) if current is None else self._confirm(password)
        if remember:
            self._remember(result.user)
        return result

    def _may_repeat(self) -> bool:
        return self._is_resumed or current_caller() is not None

    def _log_in(self, user: str, password: str) -> LoginResult:
        reply = self._tracker_client.login(user, password)
        self._is_resumed = False
        self._account.logged_in(reply)
        self._account.report_missed(reply.unread_notices)
        sharing = self._transfers.load(reply.user, self._is_own)
        return LoginResult(
            user=reply.user, groups=reply.groups, more_groups=reply.more_groups, sharing=sharing
        )

    def _confirm(self, password: str) -> LoginResult:
        """Check the password of the user who is logged in already."""
        reply = self._remote.call(accounts.CHECK_PASSWORD, password=password)
        return LoginResult(
            user=reply.user,
            groups=sorted(self._account.groups),
            more_groups=self._account.more_groups,
            sharing=self._transfers.count_shared(reply.user, self._is_own),
        )

    def _remember(self, user: str) -> None:
        token = self._tracker_client.token
        try:
            if token is not None:
                self._remembered.keep(SessionToken(user, token, self._tracker_client.trackers))
        except MinitorrentError as error:
            self._warn(f"You are logged in, but not remembered. {error.message}")

    def settle(self, seconds: float = LONGEST_WAIT) -> bool:
        """Wait until a remembered login is in force, is over, or no tracker can be reached.

        Returns at once if there is none; else whether that happened within `seconds`.
        """
        return self._account.resumption.wait(seconds)

    def resume(self) -> None:
        """Begin to resume the remembered login, if there is one, before the client connects."""
        kept = self._remembered.load()
        if kept is not None:
            self._account.resumption.begin(kept.user, self._tracker_client.retry)
            self._tracker_client.resume(kept.token, kept.trackers)
        elif self._remembered.is_exposed():
            self._warn(
                f"{self._remembered.path} is damaged, or other users could read it: the session in "
                "it is not resumed. Log in again; to end that session: sessions, end_session"
            )

    def end(self) -> None:
        """End the session at the tracker, unless it is remembered or lent: the client ends."""
        token = self._tracker_client.token
        if token is not None and not (self._remembered.keeps(token) or self._account.is_lent):
            self._tracker_client.logout(_GOODBYE)

    def take_up(self, user: str, missed: int) -> None:
        """Load the transfers of a remembered login that was resumed at the client's start."""
        self._is_resumed = True
        with self._account.resumption.taking_up():
            try:
                sharing = self._transfers.load(user, self._is_own)
            except MinitorrentError as error:
                self._warn(f"You are logged in, but nothing is shared. {error.message}")
                return
            if self._account.user != user:  # the session has ended meanwhile
                self._transfers.empty()
                return
            shared = f"; sharing {count(sharing, 'file')} again" if sharing else ""
            self._notices.publish(NoticeKind.TRACKER, f"Logged in as {user}{shared}.")
            self._account.report_missed(missed)

    def logout(self) -> UserResult:
        """Stop all transfers, keeping their state, log out, and forget a remembered login.

        A remembered login that no tracker could resume yet is forgotten, too.
        """
        self.settle()
        delayed = self._account.resumption.user
        if self._account.user is None and delayed is not None:
            self._tracker_client.logout()
            self._account.resumption.end()
            self._remembered.forget()
            return UserResult(user=delayed)
        user = self._account.require()
        self._leave()
        return UserResult(user=user)

    def whoami(self) -> UserResult:
        """Return the logged-in user."""
        return UserResult(user=self._account.require())

    def change_password(self, old: str, new: str) -> UserResult:
        """Change the password, which ends this user's other sessions."""
        reply = self._remote.call(accounts.CHANGE_PASSWORD, old=old, new=new)
        self._warn(reply.warning)
        return UserResult(user=reply.user)

    def sessions(self, pattern: str = "", *, limit: int = USUAL_LIMIT) -> SessionsResult:
        """List this user's logins, oldest first; the pattern matches addresses."""
        found = collect(self._remote, accounts.LIST_SESSIONS, "sessions", limit, pattern=pattern)
        return SessionsResult(sessions=found.rows, total=found.total, pattern=pattern)

    def end_session(self, number: int) -> EndSessionResult:
        """End one of this user's logins; ending the current one logs out."""
        reply = self._remote.call(accounts.END_SESSION, id=number)
        if reply.current:
            self._leave()
        return EndSessionResult(id=reply.id)

    def _leave(self) -> None:
        self._transfers.empty()  # what LoggedOut has done doesn't wait until they have stopped
        self._credentials.forget_all()
        self._tracker_client.logout()
        self._account.logged_out()

    def _warn(self, warning: str | None) -> None:
        if warning:
            self._notices.publish(NoticeKind.WARNING, warning)
