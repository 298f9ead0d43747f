"""What the operator does with accounts and their logins."""

from __future__ import annotations

import secrets

from common.api.accounts import CREATE_USER
from common.api.events import EventKind
from common.errors import ErrorCode, MinitorrentError
from tracker.domain import credentials
from tracker.domain.credentials import PasswordCost
from tracker.services.accounts.logins import end_logins
from tracker.services.caller import OPERATOR
from tracker.services.clock import Clock
from tracker.services.events import record, record_account
from tracker.services.groups.members import end_membership, pass_on
from tracker.services.lookups import find_user
from tracker.store.database.errors import ConflictError
from tracker.store.records import User
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

_USUAL_COST = PasswordCost()


class AccountAdministration:
    """Acts on accounts, each recorded for the audit; running trackers follow through its events.

    `min_password` is the shortest accepted password, in characters.
    """

    def __init__(
        self,
        database: UnitOfWorkFactory,
        clock: Clock,
        min_password: int = 0,
        cost: PasswordCost = _USUAL_COST,
    ) -> None:
        self._database = database
        self._clock = clock
        self._min_password = min_password
        self._cost = cost

    def create(self, name: str, password: str) -> str | None:
        """Create an account, whoever may otherwise; return a warning about a short password.

        Raises MinitorrentError(user_exists, invalid_name, weak_password).
        """
        CREATE_USER.read_request({"user": name, "password": password})
        password_hash, warning = self._hash(password)
        try:
            with self._database.write() as work:
                now = self._clock()
                work.users.add(name, password_hash, now)
                self._record(work, EventKind.ACCOUNT_CREATED, name, now)
        except ConflictError:
            raise MinitorrentError(
                ErrorCode.USER_EXISTS, f"The user name {name} is taken; choose another."
            ) from None
        return warning

    def reset_password(self, name: str, password: str) -> str | None:
        """Replace a password, and end all logins with the old one.

        Returns a warning about a short password. Raises MinitorrentError(no_such_user,
        weak_password).
        """
        CREATE_USER.read_request({"user": name, "password": password})
        with self._database.read() as work:
            find_user(work, name)
        password_hash, warning = self._hash(password)
        with self._database.write() as work:
            now, user = self._clock(), find_user(work, name)
            work.users.set_password(user.id, password_hash)
            self._end_all_logins(work, user, now)
            self._record(work, EventKind.PASSWORD_RESET, name, now)
        return warning

    def block(self, name: str) -> None:
        """Let nobody log in to an account, and cut off everything that uses it now.

        Its memberships and shares stay. Raises MinitorrentError(no_such_user).
        """
        with self._database.write() as work:
            now, user = self._clock(), find_user(work, name)
            if user.blocked_at is not None:
                return
            work.users.set_blocked(user.id, now)
            for group in work.groups.of_user(user.id):
                work.peers.drop_from_group(group.id, user.id)
                removed = work.authorities.detach_holders(group.id, user.id)
                text = f"The tracker's operator blocked the account {name}."
                kind = EventKind.MEMBER_BLOCKED
                record(work, kind, group, OPERATOR, name, text, now, removed=removed)
            self._end_all_logins(work, user, now)
            self._record(work, EventKind.ACCOUNT_BLOCKED, name, now)

    def unblock(self, name: str) -> None:
        """Let the user log in again. Raises MinitorrentError(no_such_user)."""
        with self._database.write() as work:
            user = find_user(work, name)
            if user.blocked_at is not None:
                work.users.set_blocked(user.id, None)
                self._record(work, EventKind.ACCOUNT_UNBLOCKED, name, self._clock())

    def delete(self, name: str) -> None:
        """Delete an account with all that it shares; its groups pass on as if it had left them.

        Raises MinitorrentError(no_such_user).
        """
        with self._database.write() as work:
            now, user = self._clock(), find_user(work, name)
            for group in work.groups.of_user(user.id):
                removed = end_membership(work, group, user.id)
                text = f"The tracker's operator deleted the account {name}."
                kind = EventKind.MEMBER_DELETED
                record(work, kind, group, OPERATOR, name, text, now, removed=removed)
                pass_on(work, OPERATOR, group, f"The account {name} was deleted", now)
            work.users.delete(user.id)
            self._record(work, EventKind.ACCOUNT_DELETED, name, now)

    def end_session(self, login: int) -> str:
        """End a login or API token; return its user. Raises MinitorrentError(usage).

        Also drops the user's announce keys, which it may have requested.
        """
        with self._database.write() as work:
            now, user = self._clock(), work.users.of_token(login)
            if user is None:
                raise MinitorrentError(
                    ErrorCode.USAGE, f"There is no session {login}; see: sessions list"
                )
            end_logins(work, OPERATOR, [login], now, user=user.name)
            work.peers.drop_keys_of(user.id)
            self._record(work, EventKind.SESSION_ENDED, user.name, now)
            return user.name

    def _hash(self, password: str) -> tuple[str, str | None]:
        warning = credentials.check_strength(password, self._min_password)
        salt = secrets.token_bytes(credentials.SALT_BYTES)
        return credentials.hash_password(password, salt, self._cost), warning

    def _end_all_logins(self, work: UnitOfWork, user: User, now: float) -> None:
        end_logins(work, OPERATOR, work.users.other_tokens(user.id, 0), now, user=user.name)
        work.peers.drop_keys_of(user.id)

    def _record(self, work: UnitOfWork, kind: EventKind, user: str, now: float) -> None:
        record_account(work, kind, user, OPERATOR.address, now, actor=OPERATOR.user)
