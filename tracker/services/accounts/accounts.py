"""Accounts and their passwords."""

from __future__ import annotations

from common.api import accounts as api
from common.api.events import EventKind
from common.errors import ErrorCode, MinitorrentError
from common.party import party_of
from common.types import peer_id_from_hex
from tracker.domain import credentials
from tracker.quotas import Quotas
from tracker.services.accounts.logins import end_logins
from tracker.services.accounts.passwords import PasswordChecker
from tracker.services.caller import Caller, Identity
from tracker.services.clock import Clock
from tracker.services.events import record_account
from tracker.services.groups.invitations import InvitationService
from tracker.services.rate_limits import RateLimiter
from tracker.store.database.errors import ConflictError
from tracker.store.records import User
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory


class AccountService:
    """Operations on accounts; `min_password` is the shortest accepted password, in characters.

    Durations are measured by `steady`, a monotonic clock; stored times are from `clock`.
    """

    def __init__(
        self,
        database: UnitOfWorkFactory,
        clock: Clock,
        steady: Clock,
        passwords: PasswordChecker,
        quotas: Quotas,
        invitations: InvitationService,
        min_password: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._account_creation = RateLimiter.daily(quotas.accounts, steady)
        self._invitations = invitations
        self._min_password = min_password

    def create_user(self, caller: Caller, request: api.CreateUser) -> api.CreateUserReply:
        """Create an account, perhaps by an invitation.

        Raises MinitorrentError(user_exists, weak_password, invite_invalid, registration_closed).
        """
        self._check_invited(caller, request)
        warning = credentials.check_strength(request.password, self._min_password)
        with self._database.read() as work:
            if work.users.by_name(request.user) is not None:
                raise _user_exists(request.user)
        complaint = "Too many accounts were created from your address"
        party = party_of(caller.address)
        self._account_creation.spend(party, ErrorCode.TOO_MANY_ATTEMPTS, complaint)
        password_hash = self._passwords.hash(request.password, caller.address, known=False)
        try:
            with self._database.write() as work:
                now = self._clock()
                user = work.users.add(request.user, password_hash, now)
                work.users.remember(user.id, party)
                record_account(work, EventKind.ACCOUNT_CREATED, user.name, caller.address, now)
                group = self._enter_group(work, caller, user, request, now)
        except ConflictError:
            raise _user_exists(request.user) from None
        return api.CreateUserReply(user=request.user, warning=warning, group=group)

    def _check_invited(self, caller: Caller, request: api.CreateUser) -> None:
        if request.invite is not None:
            self._invitations.check(request.invite, request.user, caller.address)
        elif self._invitations.are_required or request.guest:
            raise MinitorrentError(
                ErrorCode.REGISTRATION_CLOSED,
                "This tracker creates accounts by invitation only; ask a member for one.",
            )

    def _enter_group(
        self, work: UnitOfWork, caller: Caller, user: User, request: api.CreateUser, now: float
    ) -> str | None:
        """Let a new user into the group of the invitation, if there is one; return its name."""
        if request.invite is None:
            return None
        me = _newcomer(caller, user)
        group = self._invitations.enter(work, me, request.invite, now)
        if request.guest:
            work.users.add_guest(user.id, group.id)
        return group.name

    def change_password(self, me: Identity, request: api.ChangePassword) -> api.UserReply:
        """Replace the password, end the user's other sessions, and drop all announce keys.

        Raises MinitorrentError(bad_credentials, too_many_attempts, weak_password).
        """
        warning = credentials.check_strength(request.new, self._min_password)
        self._check(me, request.old, "The old password is wrong.")
        password_hash = self._passwords.hash(request.new, me.address, known=True)
        with self._database.write() as work:
            now = self._clock()
            others = work.users.other_tokens(me.user_id, me.token_id)
            work.users.set_password(me.user_id, password_hash)
            end_logins(work, me, others, now)
            work.peers.drop_keys_of(me.user_id)
            record_account(work, EventKind.PASSWORD_CHANGED, me.user, me.address, now)
        return api.UserReply(user=me.user, warning=warning)

    def check_password(self, me: Identity, request: api.CheckPassword) -> api.UserReply:
        """Check the user's password. Raises MinitorrentError(bad_credentials, too_many_attempts).

        Guessing is slowed down as for logins.
        """
        self._check(me, request.password, "The password is wrong.")
        return api.UserReply(user=me.user)

    def _check(self, me: Identity, password: str, refusal: str) -> None:
        with self._database.read() as work:
            user = work.users.by_name(me.user)
        if not self._passwords.check(me.user, user, me.address, password, known=True):
            raise MinitorrentError(ErrorCode.BAD_CREDENTIALS, refusal)


def _newcomer(caller: Caller, user: User) -> Identity:
    """Return the identity of a user who has no login yet."""
    peer_id = peer_id_from_hex(api.NO_PEER_ID)
    return Identity(user.id, user.name, 0, caller.connection_id, peer_id, caller.address)


def _user_exists(user: str) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.USER_EXISTS, f"The user name {user} is taken; choose another."
    )
