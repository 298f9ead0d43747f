from __future__ import annotations

import pytest

from common.types import PeerId
from tracker.domain.stock_clients import (
    AnnouncedClient,
    identify,
    may_lack_something,
    supports_sealed,
)

OURS = AnnouncedClient("ann", PeerId(b"-MT0100-aaaaaaaaaaaa"), has_session=True)
STOCK = AnnouncedClient("bob", PeerId(b"-LT20B0-bbbbbbbbbbbb"), has_session=False)
OTHER = AnnouncedClient("cat", PeerId(b"-LT20B0-cccccccccccc"), has_session=False)


def test_our_client_is_identified_by_peer_id_alone() -> None:
    assert identify([STOCK, OURS], OURS.peer_id) == "ann"
    assert identify([OURS], PeerId(b"-MT0100-xxxxxxxxxxxx")) is None


def test_a_stock_client_is_also_identified_by_version() -> None:
    assert identify([OURS, STOCK], STOCK.peer_id) == "bob"
    assert identify([OURS, STOCK], PeerId(b"-LT20B0-xxxxxxxxxxxx")) == "bob"
    for shown in (b"-LT20B1-bbbbbbbbbbbb", b"-TR4060-bbbbbbbbbbbb", bytes(20)):
        assert identify([OURS, STOCK], PeerId(shown)) is None


def test_the_exact_peer_id_precedes_the_version() -> None:
    assert identify([STOCK, OTHER], OTHER.peer_id) == "cat"
    assert identify([], OTHER.peer_id) is None


@pytest.mark.parametrize("prefix", [b"-LT20B0-", b"-LT2110-", b"-qB4650-", b"-qB5010-"])
def test_clients_that_support_ssl_torrents(prefix: bytes) -> None:
    assert supports_sealed(PeerId(prefix + bytes(12)))


@pytest.mark.parametrize(
    "prefix",
    [
        b"-TR4000-",
        b"A2-1-36-",
        b"-LT1220-",
        b"-lt0D80-",
        b"-qB3370-",
        b"-DE2110-",
        b"-LT20B0x",
        b"x-LT20B0",
        b"-MT0100-",
        b"\0\0\0\0\0\0\0\0",
    ],
)
def test_other_clients_do_not_support_ssl_torrents(prefix: bytes) -> None:
    assert not supports_sealed(PeerId(prefix + bytes(12)))


def test_clients_that_may_lack_pieces() -> None:
    transmission, aria2 = PeerId(b"-TR4000-" + bytes(12)), PeerId(b"A2-1-36-" + bytes(12))
    assert may_lack_something(transmission, 1)
    assert not may_lack_something(transmission, 0)
    assert may_lack_something(aria2, 0)
