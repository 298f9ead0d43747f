"""Bans: whom they cover, and whom they don't."""

from __future__ import annotations

import pytest

from client.core.admission.bans import (
    LOGINS_UNTIL_MEMBER_BAN,
    MAX_BANNED,
    USERS_UNTIL_ADDRESS_BAN,
    Bans,
)
from client.core.admission.party import Address, Login, network


def login(number: int, user: str = "mallory", authority: str = "lab") -> Login:
    return Login(authority, user, f"{user}-{number}")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("localhost", "localhost"),
    ],
)
def test_addresses_that_count_as_one(host: str, expected: str) -> None:
    assert network(host) == expected


def test_the_second_banned_login_bans_the_member() -> None:
    bans = Bans()
    bans.ban(login(1))
    bans.ban(login(1))
    assert bans.refuses(login(1))
    assert not bans.refuses(login(2)), "another machine of the same member"
    assert not bans.refuses(login(1, "ann"))
    assert not bans.refuses_member("lab", "mallory")
    for number in range(2, LOGINS_UNTIL_MEMBER_BAN + 2):
        bans.ban(login(number))
    assert bans.refuses(login(99))
    assert bans.refuses_member("lab", "mallory")
    assert not bans.refuses(login(1, authority="studio"))


def test_a_banned_address_can_still_be_dialled() -> None:
    bans = Bans()
    bans.ban(Address("10.0.0.1", "mallory"))
    assert bans.refuses(Address("10.0.0.1"))
    assert bans.refuses(Address("10.0.0.1", "mallory"))
    assert not bans.refuses(Address("10.0.0.1", "ann"))
    assert not bans.refuses(Address("10.0.0.2", "mallory"))
    assert not bans.refuses(Address("10.0.0.2"))


def test_banning_an_address_does_not_stop_dialling_its_members() -> None:
    bans = Bans()
    bans.ban(Address("10.0.0.1"))
    assert bans.refuses(Address("10.0.0.1"))
    assert not bans.refuses(Address("10.0.0.1", "ann"))


def test_an_address_of_several_liars_is_banned_entirely() -> None:
    bans = Bans()
    for number in range(USERS_UNTIL_ADDRESS_BAN + 1):
        bans.ban(Address("10.0.0.1", f"mallory{number}"))
    assert bans.refuses(Address("10.0.0.1", "ann"))


def test_bans_are_bounded() -> None:
    bans = Bans()
    for number in range(MAX_BANNED + 1):
        bans.ban(Address(f"address {number}"))
        bans.ban(login(1, f"user {number}"))
    assert not bans.refuses(Address("address 0"))
    assert bans.refuses(Address("address 1"))
    assert not bans.refuses(login(1, "user 0"))
    assert len(bans._members) == len(bans._addresses) == MAX_BANNED
