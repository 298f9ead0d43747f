"""Encryption (AES-256-GCM) of groups' private keys for the database."""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class WrongKeyError(Exception):
    """The ciphertext can't be decrypted: wrong key or label, or damaged data."""


class SecretBox:
    """Encrypts and decrypts secrets with one key of KEY_BYTES; binds each secret to a label."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key must be {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)
        self._fingerprint = hmac.digest(key, b"minitorrent authority key", "sha256")

    @property
    def fingerprint(self) -> bytes:
        """Identifies the key without revealing anything about it (32 bytes)."""
        return self._fingerprint

    def seal(self, secret: bytes, label: str, nonce: bytes) -> bytes:
        """Encrypt `secret`; `nonce` is NONCE_BYTES of randomness, never used twice."""
        return nonce + self._cipher.encrypt(nonce, secret, label.encode())

    def open(self, sealed: bytes, label: str) -> bytes:
        """Decrypt what was sealed under this label; raises WrongKeyError."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], label.encode())
        except (InvalidTag, ValueError):
            raise WrongKeyError from None
