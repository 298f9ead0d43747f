"""How the private keys of groups rest in the database: encrypted (AES-256-GCM)."""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class WrongKeyError(Exception):
    """What was sealed can't be opened: another key or label, or a damaged text."""


class SecretBox:
    """Seals and opens secrets under one key of KEY_BYTES; each secret is bound to a label."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key must be {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)
        self._fingerprint = hmac.digest(key, b"minitorrent authority key", "sha256")

    @property
    def fingerprint(self) -> bytes:
        """Tells this key from others, and nothing about it (32 bytes)."""
        return self._fingerprint

    def seal(self, secret: bytes, label: str, nonce: bytes) -> bytes:
        """`secret`, encrypted; `nonce` is NONCE_BYTES of randomness, never used twice."""
        return nonce + self._cipher.encrypt(nonce, secret, label.encode())

    def open(self, sealed: bytes, label: str) -> bytes:
        """What was sealed under this label; raises WrongKeyError."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], label.encode())
        except (InvalidTag, ValueError):
            raise WrongKeyError from None
