"""Accounts: the login of this client, its user's password and their other logins."""

from __future__ import annotations

from collections.abc import Callable

from client import results
from client.core.notices.notice_kinds import NoticeKind
from client.list_results import SessionsResult
from client.membership.account import Account
from client.membership.credentials import Credentials
from client.membership.remote import TrackerCalls
from client.net.tracker.tracker_client import TrackerClient
from client.notices import Notices
from client.services.paging import USUAL_LIMIT, collect
from client.transfers.transfer_manager import TransferManager
from common.api import accounts
from common.errors import ErrorCode, MinitorrentError


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
        is_own: Callable[[str], bool],
    ) -> None:
        self._account = account
        self._notices = notices
        self._remote = remote
        self._tracker_client = tracker_client
        self._transfers = transfers
        self._credentials = credentials
        self._is_own = is_own

    def create(self, user: str, password: str) -> results.UserResult:
        """Create an account; a short password causes a warning notice."""
        reply = self._remote.call(accounts.CREATE_USER, user=user, password=password)
        self._warn(reply.warning)
        return results.UserResult(user=reply.user)

    def login(self, user: str, password: str) -> results.LoginResult:
        """Log in and load this user's transfers; one login at a time."""
        if self._account.user is not None:
            raise MinitorrentError(
                ErrorCode.USAGE, f"You are logged in as {self._account.user}; type logout first."
            )
        reply = self._tracker_client.login(user, password)
        self._account.logged_in(reply)
        self._account.report_missed(reply.unread_notices)
        sharing = self._transfers.load(reply.user, self._is_own)
        return results.LoginResult(
            user=reply.user, groups=reply.groups, more_groups=reply.more_groups, sharing=sharing
        )

    def logout(self) -> results.UserResult:
        """Stop all transfers, keeping their state, and log out."""
        user = self._account.require()
        self._leave()
        return results.UserResult(user=user)

    def whoami(self) -> results.UserResult:
        """Return the logged-in user."""
        return results.UserResult(user=self._account.require())

    def change_password(self, old: str, new: str) -> results.UserResult:
        """Change the password, which ends this user's other sessions."""
        reply = self._remote.call(accounts.CHANGE_PASSWORD, old=old, new=new)
        self._warn(reply.warning)
        return results.UserResult(user=reply.user)

    def sessions(self, pattern: str = "", *, limit: int = USUAL_LIMIT) -> SessionsResult:
        """List this user's logins, oldest first; the pattern matches addresses."""
        found = collect(self._remote, accounts.LIST_SESSIONS, "sessions", limit, pattern=pattern)
        return SessionsResult(sessions=found.rows, total=found.total, pattern=pattern)

    def end_session(self, number: int) -> results.EndSessionResult:
        """End one of this user's logins; ending the current one logs out."""
        reply = self._remote.call(accounts.END_SESSION, id=number)
        if reply.current:
            self._leave()
        return results.EndSessionResult(id=reply.id)

    def _leave(self) -> None:
        self._transfers.empty()  # what LoggedOut has done doesn't wait until they have stopped
        self._credentials.forget_all()
        self._tracker_client.logout()
        self._account.logged_out()

    def _warn(self, warning: str | None) -> None:
        if warning:
            self._notices.publish(NoticeKind.WARNING, warning)
