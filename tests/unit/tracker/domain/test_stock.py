from __future__ import annotations

import pytest

from common.types import PeerId
from tracker.domain.stock import may_lack_something, supports_sealed


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
def test_all_others(prefix: bytes) -> None:
    assert not supports_sealed(PeerId(prefix + bytes(12)))


def test_who_may_lack_something() -> None:
    transmission, aria2 = PeerId(b"-TR4000-" + bytes(12)), PeerId(b"A2-1-36-" + bytes(12))
    assert may_lack_something(transmission, 1)
    assert not may_lack_something(transmission, 0)
    assert may_lack_something(aria2, 0)
