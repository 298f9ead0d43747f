"""Hashes of passwords and tokens; neither is ever stored itself."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from passlib.hash import argon2

from common.errors import ErrorCode, MinitorrentError

SALT_BYTES = 16
TOKEN_BYTES = 32
"""256 bits: a token can't be guessed, so storing a plain SHA-256 of it is safe."""

RECOMMENDED_LENGTH = 8

_NO_DIGEST = "$MDAwMDAwMDAwMDAwMDAwMA$eQoLQbHNgGQDzEDzbcmUs6AAAAAAAAAAAAAAAAAAAAA"


@dataclass(frozen=True)
class PasswordCost:
    """What hashing a password costs: memory in KiB, and passes over it.

    By default OWASP's minimum, about 25 ms on one core.
    """

    memory: int = 19456
    passes: int = 2


def hash_password(password: str, salt: bytes, cost: PasswordCost) -> str:
    """Hash a password with Argon2id, as `$argon2id$...`; `salt` is SALT_BYTES long."""
    hasher = argon2.using(
        type="ID", memory_cost=cost.memory, time_cost=cost.passes, parallelism=1, salt=salt
    )
    return str(hasher.hash(password))


def nobodys_hash(cost: PasswordCost) -> str:
    """Return a hash that matches no password, so that checking an unknown user takes as long."""
    return f"$argon2id$v=19$m={cost.memory},t={cost.passes},p=1{_NO_DIGEST}"


def is_password(password: str, stored: str) -> bool:
    """Return whether `stored` is a hash of this password."""
    return bool(argon2.verify(password, stored))


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
