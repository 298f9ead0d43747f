"""Logins: sessions, and tokens from a login over HTTP."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import cast

from common.api import accounts as api
from common.api.events import EventKind
from common.api.operation import Scope
from common.api.paging import MAX_PAGE
from common.errors import ErrorCode, MinitorrentError
from common.party import party_of
from common.text import waiting_time
from common.types import Endpoint, peer_id_from_hex
from tracker.domain import credentials
from tracker.domain.paging import cut, number_after
from tracker.domain.whereabouts import encode, may_add
from tracker.quotas import Quotas, check_quota
from tracker.services.accounts.passwords import PasswordChecker
from tracker.services.caller import Caller, Identity
from tracker.services.clock import Clock, iso
from tracker.services.events import EventService, record_account
from tracker.services.groups.authority import revoke_logins
from tracker.services.notices import count_unread
from tracker.services.rate_limits import RateLimiter
from tracker.store.database.errors import ConflictError, DatabaseError
from tracker.store.records import Arriving, Token, User
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

SESSION_SECONDS = 30 * 24 * 3600.0
"""How long an unused session token stays valid."""

_UNREGISTERED_SECONDS = 2.0  # until the next heartbeat, or another tracker, serves the client
HTTP_SECONDS = 12 * 3600.0
"""How long the token from a login over HTTP is valid."""


class LoginService:
    """Operations on logins. `audit_limit` limits the audit entries of a user."""

    def __init__(
        self,
        database: UnitOfWorkFactory,
        clock: Clock,
        events: EventService,
        passwords: PasswordChecker,
        quotas: Quotas,
        audit_limit: RateLimiter,
    ) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._passwords = passwords
        self._quotas = quotas
        self._audit_limit = audit_limit

    def close(self) -> None:
        """Refuse further logins; returns at once."""
        self._passwords.close()

    def waiting(self) -> int:
        """Return the number of passwords that wait to be hashed, for logins or else."""
        return self._passwords.waiting()

    def login(self, caller: Caller, request: api.Login) -> api.LoginReply:
        """Start a session. Raises MinitorrentError(bad_credentials, too_many_attempts)."""
        self._refuse_second_login(caller)
        with self._database.read() as work:
            user, known = work.users.with_network(request.user, party_of(caller.address))
        is_right = self._passwords.check(
            request.user, user, caller.address, request.password, known=known
        )
        if user is None or not is_right:
            raise MinitorrentError(
                ErrorCode.BAD_CREDENTIALS,
                "Wrong user name or password. No account yet? create_user NAME",
            )
        count_audited(self._audit_limit, f"{user.name} {party_of(caller.address)}")
        secret, digest = credentials.new_token(secrets.token_bytes(credentials.TOKEN_BYTES))
        scope, ttl = (None, SESSION_SECONDS) if caller.connection_id else ("account", HTTP_SECONDS)
        with self._entering() as work:
            now = self._clock()
            _check_not_blocked(work, user.id)
            if scope is not None:
                check_tokens(work, user.id, self._quotas, now)
            token = work.users.add_token(user.id, digest, caller.address, now, ttl, scope=scope)
            work.users.remember(user.id, party_of(caller.address))
            record_account(work, EventKind.LOGGED_IN, user.name, caller.address, now)
            identity = _identify(caller, user, token, request.peer_id, _local(request))
            self._end_oldest(work, identity, now)
            arriving = work.users.arriving(user.id)
            self._connect(work, caller, identity, arriving, now)
        caller.identity = identity
        return self._greet(caller, arriving.user, token, secret)

    def resume_session(self, caller: Caller, request: api.ResumeSession) -> api.LoginReply:
        """Resume a session by its token. Raises MinitorrentError(not_logged_in)."""
        self._refuse_second_login(caller)
        digest = credentials.digest_token(request.token)
        with self._entering() as work:
            now = self._clock()
            token = work.users.renew_token(digest, caller.address, now, SESSION_SECONDS)
            if token is None:
                raise MinitorrentError(
                    ErrorCode.NOT_LOGGED_IN,
                    "This session has ended; log in again with: login USER PASSWORD",
                )
            arriving = work.users.arriving(token.user_id)
            identity = _identify(caller, arriving.user, token, request.peer_id, _local(request))
            self._connect(work, caller, identity, arriving, now)
        caller.identity = identity
        return self._greet(caller, arriving.user, token, request.token)

    def add_address(self, caller: Caller, request: api.AddAddress) -> api.AddAddressReply:
        """Let others dial the client with this session at the caller's address, too.

        Only an address that the client has connected from can be added, so nobody can have members
        dial somebody else. Raises MinitorrentError(not_logged_in, usage).
        """
        digest = credentials.digest_token(request.token)
        with self._entering() as work:
            token = work.users.session_token(digest, self._clock())
            if token is None:
                raise MinitorrentError(ErrorCode.NOT_LOGGED_IN, "This session has ended.")
            if not may_add(caller.address, token.address):
                raise MinitorrentError(
                    ErrorCode.USAGE, "This is no public address of the session's other family."
                )
            work.trackers.add_address(token.id, Endpoint(caller.address, request.port))
        return api.AddAddressReply(host=caller.address)

    def logout(self, caller: Caller, _request: api.Logout) -> api.UserReply:
        """End the session and void its token."""
        identity = caller.require_login()
        caller.identity = None  # before others see the end, and close this connection, too
        try:
            with self._database.write() as work:
                now = self._clock()
                end_logins(work, identity, [identity.token_id], now)
                if identity.connection_id:
                    work.users.mark_read([identity.user_id], self._events.sent)
                record_account(work, EventKind.LOGGED_OUT, identity.user, identity.address, now)
        except BaseException:
            caller.identity = identity
            raise
        return api.UserReply(user=identity.user)

    def list_sessions(self, me: Identity, request: api.ListSessions) -> api.ListSessionsReply:
        """Return a page of the user's logins, oldest first."""
        now, after = self._clock(), number_after(request.after)
        with self._database.read() as work:
            found = work.users.tokens(me.user_id, now, request.pattern, after, request.rows + 1)
            total = work.users.count_tokens(me.user_id, now, request.pattern)
        tokens, following = cut(found, request.rows, lambda token: str(token.id))
        return api.ListSessionsReply(
            sessions=[
                api.SessionRow(
                    id=token.id,
                    address=token.address,
                    since=iso(token.created_at),
                    current=token.id == me.token_id,
                )
                for token in tokens
            ],
            total=total,
            next=following,
        )

    def end_session(self, me: Identity, request: api.EndSession) -> api.EndSessionReply:
        """End one of the user's logins, possibly the current one. Raises MinitorrentError(usage).

        Also drops the user's announce keys, which the ended login may have requested.
        """
        with self._database.write() as work:
            now = self._clock()
            if work.users.token(me.user_id, request.id, now) is None:
                raise MinitorrentError(
                    ErrorCode.USAGE, f"You have no session {request.id}; see: sessions"
                )
            end_logins(work, me, [request.id], now)
            work.peers.drop_keys_of(me.user_id)
            record_account(work, EventKind.SESSION_ENDED, me.user, me.address, now)
        return api.EndSessionReply(id=request.id, current=request.id == me.token_id)

    def ping(self, _caller: Caller, _request: api.Ping) -> api.Pong:
        """Do nothing; the reply shows that the tracker is alive."""
        return api.Pong()

    def refresh(self, caller: Caller) -> None:
        """Update the caller's identity: over HTTP from the token, in a session by whether it has
        ended.
        """
        if not caller.connection_id:
            caller.identity = self._of_token(caller)
        elif self.is_over(caller):
            caller.identity = None

    def _of_token(self, caller: Caller) -> Identity | None:
        if not caller.token:
            return None
        with self._database.read() as work:
            found = work.users.api_token(credentials.digest_token(caller.token), self._clock())
        return None if found is None else _identify(caller, found[1], found[0], api.NO_PEER_ID)

    def is_over(self, caller: Caller) -> bool:
        """Return whether the caller's login was ended elsewhere."""
        if caller.identity is None:
            return False
        with self._database.look() as view:
            if view.is_connected(caller.connection_id):
                return False
        with self._database.read() as work:
            if not work.trackers.is_registered(self._events.tracker_id):
                raise _not_registered()
            return True

    def over_of(self, callers: Collection[Caller]) -> list[Caller]:
        """Return those of one user's callers whose login was ended elsewhere."""
        asked = [(one, one.identity) for one in callers if one.identity is not None]
        with self._database.read(urgent=True) as work:
            if not work.trackers.is_registered(self._events.tracker_id):
                return []  # the next heartbeat tells
            alive = {
                connection
                for user_id in {identity.user_id for _, identity in asked}
                for connection in work.trackers.connections_of(user_id)
            }
        # A client that has logged out meanwhile, and perhaps in again, keeps its connection.
        return [
            one
            for one, identity in asked
            if one.identity is identity and one.connection_id not in alive
        ]

    def disconnect(self, *callers: Caller, urgent: bool = False) -> None:
        """Remove closed connections and their peers; the tokens stay valid."""
        gone = [(caller, caller.identity) for caller in callers if caller.identity is not None]
        if not gone:
            return
        for caller, _ in gone:
            caller.identity = None  # before the heartbeat could record the connection again
        connections = [caller.connection_id for caller, _ in gone]
        users = {identity.user_id for _, identity in gone}
        sent = self._events.sent
        try:
            if urgent:
                with self._database.write(urgent=True) as work:
                    work.presence.disconnect(connections, users, sent)
            else:
                self._database.presence_in_turn(
                    lambda presence: presence.disconnect(connections, users, sent)
                )
        except BaseException:
            for caller, identity in gone:
                caller.identity = identity
            raise

    def _refuse_second_login(self, caller: Caller) -> None:
        if caller.identity is not None and caller.connection_id:
            raise MinitorrentError(
                ErrorCode.USAGE,
                f"You are already logged in as {caller.identity.user}; log out first with: logout",
            )

    @contextmanager
    def _entering(self) -> Iterator[UnitOfWork]:
        """A unit of work for a login. Raises MinitorrentError(busy) while nothing refers to this
        tracker: it is shutting down, or was taken for dead.
        """
        try:
            with self._database.write() as work:
                yield work
        except ConflictError:
            raise _not_registered() from None

    def _connect(
        self, work: UnitOfWork, caller: Caller, me: Identity, arriving: Arriving, now: float
    ) -> None:
        """Record the connection of a login, if it is a session's."""
        if not me.connection_id:
            return
        remedy = "close some clients that you don't need"
        check_quota(arriving.connections, self._quotas.sessions, "connections per user", remedy)
        seen_at = Endpoint(me.address, me.port)
        work.trackers.connect(
            me.connection_id,
            self._events.tracker_id,
            me.token_id,
            me.user_id,
            now,
            seen_at,
            me.local,
        )
        caller.since = arriving.last_event_id

    def _greet(self, caller: Caller, user: User, token: Token, secret: str) -> api.LoginReply:
        """Return the reply to a login, which can no longer be refused.

        The login is committed before: what happens from then on is pushed, and what happened before
        is counted here. If the database fails now, the login is undone.
        """
        try:
            with self._database.read() as work:
                groups, total, requests = work.groups.of_login(user.id, MAX_PAGE)
                unread = count_unread(work, user, caller.since or None)
        except DatabaseError:
            self.disconnect(caller)
            raise
        return api.LoginReply(
            user=user.name,
            token=secret,
            expires_at=None if token.scope is None else iso(token.expires_at),
            groups=groups,
            more_groups=total - len(groups),
            pending_requests=requests,
            unread_notices=unread,
        )

    def _end_oldest(self, work: UnitOfWork, me: Identity, now: float) -> None:
        """End the oldest unused logins over the quota, such as those of scripts that never log
        out.
        """
        unused = work.users.unused_logins(me.user_id, now, self._quotas.logins)
        unused = [token_id for token_id in unused if token_id != me.token_id]
        if unused:
            end_logins(work, me, unused, now)


def _not_registered() -> MinitorrentError:
    """Return the error for a client while this tracker is not among those of the database."""
    return MinitorrentError(
        ErrorCode.BUSY,
        "This tracker is starting or stopping; try again in"
        f" {waiting_time(_UNREGISTERED_SECONDS)}.",
        _UNREGISTERED_SECONDS,
    )


def _check_not_blocked(work: UnitOfWork, user_id: int) -> None:
    if work.users.by_id(user_id).blocked_at is not None:
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            "This account is blocked; ask the operator of this tracker.",
        )


def check_tokens(work: UnitOfWork, user_id: int, quotas: Quotas, now: float) -> None:
    """Check that a user may have another HTTP token. Raises MinitorrentError(quota_exceeded)."""
    remedy = "revoke some with: revoke_token"
    check_quota(
        work.users.count_api_tokens(user_id, now, ""),
        quotas.tokens,
        "API tokens per user",
        remedy,
    )


def count_audited(audit_limit: RateLimiter, user: str) -> None:
    """Count an action that the audit records. Raises MinitorrentError(quota_exceeded)."""
    complaint = "You have reached this tracker's daily limit of recorded actions"
    audit_limit.spend(user, ErrorCode.QUOTA_EXCEEDED, complaint)


def end_logins(
    work: UnitOfWork, me: Identity, token_ids: Collection[int], now: float, *, user: str = ""
) -> None:
    """End some logins, with their connections, and revoke their certificates.

    They are `user`'s, if not `me`'s.
    """
    revoke_logins(work, me, token_ids, now, user=user)
    work.users.revoke_tokens(token_ids)


def _identify(caller: Caller, user: User, token: Token, peer_id: str, local: str = "") -> Identity:
    return Identity(
        user_id=user.id,
        user=user.name,
        token_id=token.id,
        connection_id=caller.connection_id,
        peer_id=peer_id_from_hex(peer_id),
        address=caller.address,
        port=caller.port,
        scope=cast(Scope, token.scope or "account"),
        local=local,
    )


def _local(request: api.Login | api.ResumeSession) -> str:
    """Return a client's local addresses as they are stored; none if it accepts no peers."""
    if not request.port:
        return ""
    return encode(Endpoint(host, request.port) for host in request.local)
