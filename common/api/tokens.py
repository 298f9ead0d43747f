"""Tokens for the tracker's HTTP API, limited in scope and time, and revocable."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from common.api.model import NO_NUL, WHOLE, Count, Model
from common.api.operation import Operation, Scope
from common.api.paging import ROWS, PageReply, PageRequest

Label = Annotated[str, Field(max_length=64, pattern=NO_NUL)]
"""The user's own name for the token."""

LONGEST_LIFETIME = 365 * 24 * 3600

Lifetime = Annotated[int, Field(ge=60, le=LONGEST_LIFETIME), WHOLE]
"""Lifetime of a token, in seconds."""

USUAL_LIFETIME = 30 * 24 * 3600


class CreateToken(Model):
    """Create a token for another program, with no more rights than it needs."""

    scope: Scope
    label: Label = ""
    seconds: Lifetime = USUAL_LIFETIME


class RenewToken(Model):
    """Replace a token's secret and restart its lifetime; the old secret is refused from now on."""

    id: Count
    seconds: Lifetime = USUAL_LIFETIME


class TokenReply(Model):
    """`token` is a secret of this user, shown only once. `expires_at` is ISO 8601, UTC."""

    id: Count
    token: str
    scope: Scope
    label: str
    expires_at: str


class ListTokens(PageRequest):
    """List this user's tokens, including those from `login` over HTTP."""


class TokenRow(Model):
    """Times are ISO 8601, UTC; `address` is where the token was created from."""

    id: Count
    scope: Scope
    label: str
    address: str
    created_at: str
    expires_at: str
    current: bool


class ListTokensReply(PageReply):
    tokens: Annotated[list[TokenRow], ROWS]


class RevokeToken(Model):
    """Revoke a token and the certificates issued with it."""

    id: Count


class RevokeTokenReply(Model):
    id: Count


CREATE_TOKEN = Operation("create_token", CreateToken, TokenReply, frozenset())
LIST_TOKENS = Operation("list_tokens", ListTokens, ListTokensReply, frozenset())
RENEW_TOKEN = Operation("renew_token", RenewToken, TokenReply, frozenset())
REVOKE_TOKEN = Operation("revoke_token", RevokeToken, RevokeTokenReply, frozenset())
