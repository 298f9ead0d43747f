"""How hard a password is to guess: a rough estimate, made here so that it is sent nowhere. Pure."""

from __future__ import annotations

import math
import re
from enum import IntEnum
from typing import Final

SHORTEST: Final = 8
"""Characters below which a password counts as weak, whatever they are."""

_COMMON: Final = frozenset(
    "password passwort passwd secret geheim hallo hello letmein welcome willkommen admin login "  # noqa: SIM905 # a list is hard to read
    "master dragon monkey football baseball soccer sunshine princess iloveyou schatz qwerty qwertz "
    "qwertyuiop qwertzuiop asdf asdfgh asdfghjkl yxcvbn zxcvbn azerty abc test minitorrent torrent "
    "summer sommer winter spring autumn herbst".split()
)
"""Words that guesses begin with."""

_RUNS: Final = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertzuiop", "qwertyuiop", "asdfghjkl")
_KINDS: Final = (
    (re.compile("[a-z]"), 26),
    (re.compile("[A-Z]"), 26),
    (re.compile("[0-9]"), 10),
    (re.compile(r"[\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]"), 33),
    (re.compile(r"[^\x00-\x7f]"), 100),
)
_FAIR, _GOOD, _STRONG = 35, 50, 70
"""Bits from which guessing takes days, years, or too long."""


class Strength(IntEnum):
    """How hard a password is to guess."""

    WEAK = 0
    FAIR = 1
    GOOD = 2
    STRONG = 3


def strength(password: str, user: str = "") -> Strength:
    """Return how hard a user's password is to guess."""
    bits = _bits(password, user)
    if len(password) < SHORTEST or bits < _FAIR:
        return Strength.WEAK
    if bits < _GOOD:
        return Strength.FAIR
    return Strength.GOOD if bits < _STRONG else Strength.STRONG


def _bits(password: str, user: str) -> float:
    """Return the bits of a guess: each surprising character counts, a known word as one."""
    choices = sum(number for kind, number in _KINDS if kind.search(password))
    left = password.lower()
    words = {*_COMMON, user.lower()} - {""}
    known = 0
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= 3 and word in left:
            known += 1
            left = left.replace(word, "\0")
    surprising = sum(
        not _follows(before, char) for before, char in zip(" " + left, left, strict=False)
    )
    return max(surprising - known, 0) * math.log2(max(choices, 2)) + known * 8


def _follows(before: str, char: str) -> bool:
    """Return whether a character is what anybody expects after another: the same, or the next."""
    return before == char or any(before + char in run or char + before in run for run in _RUNS)
