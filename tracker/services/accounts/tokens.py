"""Tokens for the HTTP API."""

from __future__ import annotations

import secrets

from common.api import tokens as api
from common.api.events import EventKind
from common.errors import ErrorCode, MinitorrentError
from tracker.domain import credentials
from tracker.domain.paging import cut, number_after
from tracker.quotas import Quotas
from tracker.services.accounts.logins import check_tokens, end_logins
from tracker.services.caller import Identity
from tracker.services.clock import Clock, iso
from tracker.services.events import record_account
from tracker.store.records import Token
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory


class TokenService:
    """Operations on API tokens. A token is a login of its user: a new password ends it too."""

    def __init__(self, database: UnitOfWorkFactory, clock: Clock, quotas: Quotas) -> None:
        self._quotas = quotas
        self._database = database
        self._clock = clock

    def create_token(self, me: Identity, request: api.CreateToken) -> api.TokenReply:
        """Create a token; its secret is shown only in this reply."""
        secret, digest = credentials.new_token(secrets.token_bytes(credentials.TOKEN_BYTES))
        with self._database.write() as work:
            now = self._clock()
            check_tokens(work, me.user_id, self._quotas, now)
            token = work.users.add_token(
                me.user_id,
                digest,
                me.address,
                now,
                request.seconds,
                scope=request.scope,
                label=request.label,
            )
            record_account(work, EventKind.TOKEN_CREATED, me.user, me.address, now)
            return _token_reply(token, secret)

    def list_tokens(self, me: Identity, request: api.ListTokens) -> api.ListTokensReply:
        """Return a page of the user's valid tokens, oldest first."""
        now, after = self._clock(), number_after(request.after)
        with self._database.read() as work:
            found = work.users.api_tokens(me.user_id, now, request.pattern, after, request.rows + 1)
            total = work.users.count_api_tokens(me.user_id, now, request.pattern)
        tokens, following = cut(found, request.rows, lambda token: str(token.id))
        rows = [
            api.TokenRow.model_validate(
                {
                    "id": token.id,
                    "scope": token.scope,
                    "label": token.label,
                    "address": token.address,
                    "created_at": iso(token.created_at),
                    "expires_at": iso(token.expires_at),
                    "current": token.id == me.token_id,
                }
            )
            for token in tokens
        ]
        return api.ListTokensReply(tokens=rows, total=total, next=following)

    def renew_token(self, me: Identity, request: api.RenewToken) -> api.TokenReply:
        """Replace a token's secret and restart its lifetime. Raises MinitorrentError(usage)."""
        secret, digest = credentials.new_token(secrets.token_bytes(credentials.TOKEN_BYTES))
        with self._database.write() as work:
            now = self._clock()
            token = _find(work, me, request.id, now)._replace(expires_at=now + request.seconds)
            work.users.replace_token(token.id, digest, token.expires_at)
            record_account(work, EventKind.TOKEN_RENEWED, me.user, me.address, now)
            return _token_reply(token, secret)

    def revoke_token(self, me: Identity, request: api.RevokeToken) -> api.RevokeTokenReply:
        """Revoke a token, possibly the current one. Raises MinitorrentError(usage).

        Also drops the user's announce keys, which the token may have requested.
        """
        with self._database.write() as work:
            now = self._clock()
            end_logins(work, me, [_find(work, me, request.id, now).id], now)
            work.peers.drop_keys_of(me.user_id)
            record_account(work, EventKind.TOKEN_REVOKED, me.user, me.address, now)
        return api.RevokeTokenReply(id=request.id)


def _find(work: UnitOfWork, me: Identity, token_id: int, now: float) -> Token:
    token = work.users.api_token_of(me.user_id, token_id, now)
    if token is None:
        raise MinitorrentError(ErrorCode.USAGE, f"You have no token {token_id}; see: list_tokens")
    return token


def _token_reply(token: Token, secret: str) -> api.TokenReply:
    return api.TokenReply.model_validate(
        {
            "id": token.id,
            "token": secret,
            "scope": token.scope,
            "label": token.label,
            "expires_at": iso(token.expires_at),
        }
    )
