"""Passwords and tokens as they are kept."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorCode, MinitorrentError
from tests.support.security.passwords import CHEAP
from tracker.domain import credentials
from tracker.domain.credentials import PasswordCost

SALT = b"0123456789abcdef"


def test_a_password_matches_its_hash() -> None:
    stored = credentials.hash_password("correct horse", SALT, PasswordCost())

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert credentials.is_password("correct horse", stored)
    assert not credentials.is_password("correct horsf", stored)


def test_equal_passwords_have_different_hashes() -> None:
    one = credentials.hash_password("same", SALT, CHEAP)
    assert one != credentials.hash_password("same", SALT[::-1], CHEAP)


def test_binary_and_non_ascii_passwords_are_accepted() -> None:
    stored = credentials.hash_password("пароль\U0001f511", SALT, CHEAP)
    assert credentials.is_password("пароль\U0001f511", stored)


def test_checking_a_missing_user_fails_at_the_same_cost() -> None:
    for cost in (PasswordCost(), CHEAP):
        nobodys = credentials.nobodys_hash(cost)
        assert not credentials.is_password("", nobodys)
        parameters = credentials.hash_password("x", SALT, cost).rsplit("$", 2)[0]
        assert nobodys.startswith(parameters)


@pytest.mark.parametrize(
    ("password", "minimum", "warned"),
    [("x", 0, True), ("1234567", 0, True), ("12345678", 0, False), ("abcdef", 6, True)],
)
def test_short_passwords_get_a_warning(password: str, minimum: int, warned: bool) -> None:
    assert (credentials.check_strength(password, minimum) is not None) == warned


@pytest.mark.parametrize(("password", "minimum"), [("", 0), ("abcde", 6), ("1234567", 8)])
def test_weak_passwords_are_refused(password: str, minimum: int) -> None:
    with pytest.raises(MinitorrentError) as raised:
        credentials.check_strength(password, minimum)
    assert raised.value.code is ErrorCode.WEAK_PASSWORD


@given(st.binary(min_size=24, max_size=32))
def test_secrets_fit_into_a_url(random: bytes) -> None:
    secret = credentials.encode_secret(random)
    assert secret.isascii()
    assert all(letter.isalnum() or letter in "-_" for letter in secret)


def test_only_the_hash_of_a_token_is_stored() -> None:
    assert credentials.digest_token("abc") == hashlib.sha256(b"abc").digest()


def test_a_stored_token_is_its_hash() -> None:
    token, kept = credentials.new_token(bytes(credentials.TOKEN_BYTES))

    assert kept == credentials.digest_token(token)
    assert token.isascii()
    assert credentials.new_token(b"x" * credentials.TOKEN_BYTES)[0] != token
