"""The estimate of how hard a password is to guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.web.page.parts.password_strength import Strength, strength


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("", Strength.WEAK),
        ("x7#Qp!", Strength.WEAK),
        ("aaaaaaaaaaaaaaaa", Strength.WEAK),
        ("12345678", Strength.WEAK),
        ("abcdefgh", Strength.WEAK),
        ("Password123", Strength.WEAK),
        ("ann.smith.ann.smith", Strength.WEAK),
        ("tklmpvwx", Strength.WEAK),
        ("kR7vt9Qx", Strength.FAIR),
        ("horse battery", Strength.GOOD),
        ("correct horse battery staple", Strength.STRONG),
        ("kR7!vt9Q#xZ2", Strength.STRONG),
        ("schöne Grüße", Strength.STRONG),
    ],
)
def test_passwords_are_judged(password: str, expected: Strength) -> None:
    assert strength(password, "ann.smith") == expected


@given(st.text(), st.text())
def test_any_text_is_judged(password: str, user: str) -> None:
    assert strength(password, user) in Strength


def test_a_known_word_adds_little() -> None:
    assert strength("kvw password") <= strength("kvw tmprxwqj")
