"""Identifying peers in an open group: both peer id and address must match a member's client."""

from __future__ import annotations

import pytest

from common.types import InfoHash
from tests.integration.tracker.lab import Lab

HOME, HOME_V6, ELSEWHERE = "10.0.0.1", "2001:db8::1", "10.9.9.9"
STOCK = b"-LT20B0-" + b"a" * 12


@pytest.fixture
def bob(lab: Lab) -> str:
    return lab.member("bob")


@pytest.fixture
def info_hash(lab: Lab, bob: str) -> InfoHash:
    return lab.share("x.bin")


def test_our_client_is_identified(lab: Lab, info_hash: InfoHash) -> None:
    ours = lab.client("bob", HOME)
    assert lab.who(info_hash, ours.peer_id, HOME) is None
    ours.announce(info_hash)
    assert lab.who(info_hash, ours.peer_id, HOME) == "bob"
    assert lab.who(info_hash, ours.peer_id, f"::ffff:{HOME}") == "bob"
    assert lab.who(info_hash, ours.peer_id, ELSEWHERE) is None
    assert lab.who(info_hash, ours.peer_id, HOME_V6) is None
    assert lab.who(info_hash, ours.peer_id, "") is None
    assert lab.who(info_hash, ours.peer_id[:8] + b"x" * 12, HOME) is None
    ours.drop()
    assert lab.who(info_hash, ours.peer_id, HOME) is None


def test_a_peer_is_identified_only_for_its_file(lab: Lab, info_hash: InfoHash) -> None:
    ours = lab.client("bob", HOME)
    ours.announce(info_hash)
    assert lab.who(lab.share("y.bin"), ours.peer_id, HOME) is None


def test_a_stock_client_is_identified_despite_changing_peer_ids(
    lab: Lab, bob: str, info_hash: InfoHash
) -> None:
    lab.stock(bob, info_hash, STOCK, host=HOME)
    for shown in (STOCK, STOCK[:8] + b"x" * 12):
        assert lab.who(info_hash, shown, HOME) == "bob"
        assert lab.who(info_hash, shown, ELSEWHERE) is None
    for other in (b"-LT20A0-" + b"a" * 12, b"-TR4060-" + b"a" * 12, bytes(20)):
        assert lab.who(info_hash, other, HOME) is None


def test_both_addresses_of_one_client(lab: Lab, bob: str, info_hash: InfoHash) -> None:
    lab.stock(bob, info_hash, STOCK, host=HOME)
    lab.stock(bob, info_hash, STOCK, host=HOME_V6)
    assert lab.who(info_hash, STOCK, HOME) == lab.who(info_hash, STOCK, HOME_V6) == "bob"


def test_two_members_at_one_address(lab: Lab, bob: str, info_hash: InfoHash) -> None:
    cat = lab.member("cat")
    lab.stock(cat, info_hash, STOCK[:8] + b"c" * 12, host=HOME, port=1)
    lab.stock(bob, info_hash, STOCK, host=HOME, port=2)
    ours = lab.client("cat", HOME)
    ours.announce(info_hash)
    assert lab.who(info_hash, STOCK, HOME) == "bob"
    assert lab.who(info_hash, ours.peer_id, HOME) == "cat"


def test_a_removed_member_is_not_identified(lab: Lab, bob: str, info_hash: InfoHash) -> None:
    ours = lab.client("bob", HOME)
    ours.announce(info_hash)
    lab.stock(bob, info_hash, STOCK, host=HOME)
    lab.remove("bob")
    assert lab.who(info_hash, ours.peer_id, HOME) is None
    assert lab.who(info_hash, STOCK, HOME) is None


def test_a_former_peer_id_is_not_identified(lab: Lab, bob: str, info_hash: InfoHash) -> None:
    ours = lab.client("bob", HOME, b"x" * 20)
    ours.announce(info_hash)
    lab.client("bob", HOME, b"y" * 20).announce(info_hash)
    assert lab.who(info_hash, b"x" * 20, HOME) is None
    lab.stock(bob, info_hash, STOCK, host=ELSEWHERE)
    lab.stock(bob, info_hash, STOCK, host=ELSEWHERE, event="stopped")
    assert lab.who(info_hash, STOCK, ELSEWHERE) is None
