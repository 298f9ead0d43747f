"""Hashes of passwords and tokens; neither is ever stored itself."""

from __future__ import annotations

import base64
import hashlib

from passlib.hash import argon2

from common.errors import ErrorCode, MinitorrentError

SALT_BYTES = 16
TOKEN_BYTES = 32
"""256 bits: a token can't be guessed, so storing a plain SHA-256 of it is safe."""

RECOMMENDED_LENGTH = 8

# Argon2id with 19 MiB and two passes: OWASP's minimum, about 25 ms on one core.
_ARGON2 = argon2.using(type="ID", memory_cost=19456, time_cost=2, parallelism=1)

NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$MDAwMDAwMDAwMDAwMDAwMA$eQoLQbHNgGQDzEDzbcmUs6AAAAAAAAAAAAAAAAAAAAA"
)
"""A hash that matches no password, so that checking an unknown user takes as long."""


def hash_password(password: str, salt: bytes) -> str:
    """Hash a password with Argon2id, as `$argon2id$...`; `salt` is SALT_BYTES long."""
    return str(_ARGON2.using(salt=salt).hash(password))


def is_password(password: str, stored: str) -> bool:
    """Return whether `stored` is a hash of this password."""
    return bool(_ARGON2.verify(password, stored))


def check_strength(password: str, min_length: int) -> str | None:
    """Return a warning about a short password, or None.

    `min_length` is the operator's minimum in characters; 0 means one character. Raises
    MinitorrentError(weak_password).
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
    """Encode random bytes for use in a URL, as a session token or announce key."""
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode("ascii")


def new_token(random: bytes) -> tuple[str, bytes]:
    """Return a token made of TOKEN_BYTES random bytes, and the digest to store."""
    token = encode_secret(random)
    return token, digest_token(token)


def digest_token(token: str) -> bytes:
    """Return the SHA-256 of a token, which is what the database stores."""
    return hashlib.sha256(token.encode()).digest()
