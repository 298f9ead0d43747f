"""Passwords and tokens, as they are kept: never themselves."""

from __future__ import annotations

import base64
import hashlib

from passlib.hash import argon2

from common.errors import ErrorCode, MinitorrentError

SALT_BYTES = 16
TOKEN_BYTES = 32
"""256 bits: a token can't be guessed, so a plain SHA-256 of it is safe to keep."""

RECOMMENDED_LENGTH = 8

# Argon2id with 19 MiB and two passes: OWASP's minimum, about 25 ms on one core.
_ARGON2 = argon2.using(type="ID", memory_cost=19456, time_cost=2, parallelism=1)

NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$MDAwMDAwMDAwMDAwMDAwMA$eQoLQbHNgGQDzEDzbcmUs6AAAAAAAAAAAAAAAAAAAAA"
)
"""A hash that no password has: an unknown user costs the same time as a wrong password."""


def hash_password(password: str, salt: bytes) -> str:
    """Argon2id of the password, in the usual `$argon2id$...` form; `salt` is SALT_BYTES long."""
    return str(_ARGON2.using(salt=salt).hash(password))


def is_password(password: str, stored: str) -> bool:
    """Whether `stored` came from this password."""
    return bool(_ARGON2.verify(password, stored))


def check_strength(password: str, min_length: int) -> str | None:
    """A warning for the user about a short password, or None.

    `min_length` (characters) is what the tracker's operator demands; 0 demands one character.
    Raises MinitorrentError(weak_password).
    """
    if len(password) < max(min_length, 1):
        raise MinitorrentError(
            ErrorCode.WEAK_PASSWORD,
            f"Choose a longer password: at least {max(min_length, 1)} character(s) here.",
        )
    if len(password) < RECOMMENDED_LENGTH:
        return f"This password is short; {RECOMMENDED_LENGTH} characters or more are safer."
    return None


def encode_secret(random: bytes) -> str:
    """Random bytes as text that fits into a URL: a session token or an announce key."""
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode("ascii")


def new_token(random: bytes) -> tuple[str, bytes]:
    """A token made of TOKEN_BYTES random bytes, and what is kept of it."""
    token = encode_secret(random)
    return token, digest_token(token)


def digest_token(token: str) -> bytes:
    """What is kept of a session token: its SHA-256."""
    return hashlib.sha256(token.encode()).digest()
