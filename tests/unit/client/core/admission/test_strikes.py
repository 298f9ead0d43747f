"""Addresses that fail too often."""

from __future__ import annotations

from client.core.admission.strikes import BURST, MAX_ADDRESSES, Strikes


def test_repeated_failures_make_an_address_wait() -> None:
    strikes = Strikes()
    for number in range(BURST):
        assert not strikes.refuses("a", 0.0), number
        strikes.failed("a", 0.0)
    assert strikes.refuses("a", 0.5)
    assert not strikes.refuses("b", 0.5)
    assert not strikes.refuses("a", 2.0)
    for _ in range(1000):
        strikes.failed("a", 2.0)
    assert not strikes.refuses("a", 4.0), "more than enough counts no more"


def test_remembered_addresses_are_bounded() -> None:
    strikes = Strikes()
    for number in range(MAX_ADDRESSES + 1):
        strikes.failed(f"{number}", 0.0)
    assert len(strikes._failures) == MAX_ADDRESSES
