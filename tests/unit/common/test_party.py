"""The party behind an address."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.party import party_of


@given(st.ip_addresses(v=4))
def test_a_mapped_ipv4_address_is_the_same_party(address: ipaddress.IPv4Address) -> None:
    assert party_of(str(address)) == str(address)
    assert party_of(f"::ffff:{address}") == str(address)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_an_ipv6_network_of_64_bits_is_one_party(one: int, other: int) -> None:
    network = 0x2001_0DB8 << 96
    addresses = [str(ipaddress.IPv6Address(network + low)) for low in (one, other)]
    assert party_of(addresses[0]) == party_of(addresses[1])
    assert party_of("2001:db8:0:1::1") != party_of(addresses[0])


def test_a_scope_id_does_not_change_the_party() -> None:
    assert party_of("fe80::1%eth0") == party_of("fe80::2")


def test_invalid_addresses_are_refused() -> None:
    with pytest.raises(ValueError, match="example"):
        party_of("example")
