from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.secret_box import KEY_BYTES, NONCE_BYTES, SecretBox, WrongKeyError

KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
NONCES = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)


@given(KEYS, NONCES, st.binary(max_size=200), st.text(st.characters(codec="utf-8"), max_size=40))
def test_an_encrypted_secret_can_be_decrypted(
    key: bytes, nonce: bytes, secret: bytes, label: str
) -> None:
    sealed = SecretBox(key).seal(secret, label, nonce)
    assert SecretBox(key).open(sealed, label) == secret


@given(KEYS, KEYS, NONCES)
def test_another_key_decrypts_nothing(one: bytes, other: bytes, nonce: bytes) -> None:
    sealed = SecretBox(one).seal(b"secret", "label", nonce)
    assert (SecretBox(one).fingerprint == SecretBox(other).fingerprint) is (one == other)
    if one != other:
        with pytest.raises(WrongKeyError):
            SecretBox(other).open(sealed, "label")


def test_a_secret_is_bound_to_its_label() -> None:
    box = SecretBox(bytes(KEY_BYTES))
    sealed = box.seal(b"secret", "one group", bytes(NONCE_BYTES))
    with pytest.raises(WrongKeyError):
        box.open(sealed, "another group")


@given(st.integers(0, NONCE_BYTES + len(b"secret") + 16 - 1), st.integers(1, 255))
def test_damage_is_detected(position: int, change: int) -> None:
    box = SecretBox(bytes(KEY_BYTES))
    sealed = bytearray(box.seal(b"secret", "label", bytes(NONCE_BYTES)))
    cut = bytes(sealed[:position])
    sealed[position] ^= change
    for damaged in (bytes(sealed), cut):
        with pytest.raises(WrongKeyError):
            box.open(damaged, "label")


def test_the_fingerprint_is_not_the_key() -> None:
    key = bytes(range(KEY_BYTES))
    assert key not in SecretBox(key).fingerprint
    assert SecretBox(key).fingerprint == SecretBox(key).fingerprint


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SecretBox(bytes(size))
