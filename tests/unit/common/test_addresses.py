"""What kind of address one is."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.addresses import is_ipv6, is_local, is_public, only_local

LOCAL = ("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.10", "fd00::1")
PUBLIC = ("8.8.8.8", "172.32.0.1", "2a00:1450::1")
NEITHER = (
    *("127.0.0.1", "::1", "0.0.0.0", "::", "169.254.1.1", "fe80::1", "100.64.0.1"),
    *("224.0.0.1", "239.255.255.250", "ff0e::1", "203.0.113.1", "2001:db8::1", "255.255.255.255"),
    *("example.org", "", "1.2.3", "192.168.1.10:80", "fe80::1%eth0", "::ffff:127.0.0.1"),
)


@pytest.mark.parametrize("host", LOCAL)
def test_addresses_inside_a_network(host: str) -> None:
    assert is_local(host)
    assert not is_public(host)


@pytest.mark.parametrize("host", PUBLIC)
def test_public_addresses(host: str) -> None:
    assert is_public(host)
    assert not is_local(host)


@pytest.mark.parametrize("host", NEITHER)
def test_addresses_that_nobody_is_told(host: str) -> None:
    assert not is_local(host)
    assert not is_public(host)


@given(st.ip_addresses())
def test_no_address_is_both(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert not (is_local(str(address)) and is_public(str(address)))
    assert is_ipv6(str(address)) == (address.version == 6)


def test_only_local_ones_are_kept_each_once() -> None:
    given = ["fd00:0::1", "8.8.8.8", "192.168.1.10", "fd00::1", "nonsense", "127.0.0.1"]
    assert only_local(given) == ["fd00::1", "192.168.1.10"]
