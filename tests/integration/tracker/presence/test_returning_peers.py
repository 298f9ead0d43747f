"""A restarted client replaces only its former entry, and only at the same file."""

from __future__ import annotations

import pytest

from common.types import InfoHash
from tests.integration.tracker.lab import ADDRESS, Lab

A, B, C = (b"-LT20B0-" + letter * 12 for letter in (b"a", b"b", b"c"))
HERE = (ADDRESS, 51413)


@pytest.fixture
def key(lab: Lab) -> str:
    """Bob's."""
    return lab.member("bob")


@pytest.fixture
def files(lab: Lab) -> list[InfoHash]:
    return [lab.share(f"{number}.bin") for number in range(4)]


def test_a_client_may_use_one_peer_id_per_torrent(
    lab: Lab, key: str, files: list[InfoHash]
) -> None:
    ids = [b"-TR4060-" + bytes([number]) * 12 for number in range(4)]
    for _ in range(2):
        for info_hash, peer_id in zip(files, ids, strict=True):
            assert lab.stock(key, info_hash, peer_id, event="started").complete == 1
    for info_hash, peer_id in zip(files, ids, strict=True):
        assert lab.seeders(info_hash) == 1
        assert lab.swarm(info_hash) == {(*HERE, peer_id)}


def test_a_new_peer_id_replaces_the_old_one_at_that_file(
    lab: Lab, key: str, files: list[InfoHash]
) -> None:
    lab.stock(key, files[0], A)
    lab.stock(key, files[1], B)
    lab.stock(key, files[0], C)
    assert lab.swarm(files[0]) == {(*HERE, C)}
    assert lab.swarm(files[1]) == {(*HERE, B)}


def test_a_late_announce_of_an_old_peer_id_does_not_end_the_new_one(
    lab: Lab, key: str, files: list[InfoHash]
) -> None:
    lab.stock(key, files[0], A)
    lab.stock(key, files[0], B, event="started")
    lab.stock(key, files[0], A, event="stopped")
    assert lab.swarm(files[0]) == {(*HERE, B)}
    lab.stock(key, files[1], B, event="stopped")
    assert lab.swarm(files[0]) == {(*HERE, B)}
    lab.stock(key, files[0], B, event="stopped")
    assert lab.swarm(files[0]) == set()


def test_two_clients_behind_one_address(lab: Lab, key: str, files: list[InfoHash]) -> None:
    for info_hash in files:
        lab.stock(key, info_hash, A, port=1001)
        lab.stock(key, info_hash, B, port=1002)
    for info_hash in files:
        assert lab.swarm(info_hash) == {(ADDRESS, 1001, A), (ADDRESS, 1002, B)}


def test_two_users_behind_one_address_and_port(lab: Lab, key: str, files: list[InfoHash]) -> None:
    lab.stock(key, files[0], A)
    lab.stock(lab.member("cat"), files[0], B)
    assert lab.swarm(files[0]) == {(*HERE, A), (*HERE, B)}


def test_unreachable_peers_do_not_replace_each_other(
    lab: Lab, key: str, files: list[InfoHash]
) -> None:
    for peer_id in (A, B):
        lab.stock(key, files[0], peer_id, port=0)
    assert lab.seeders(files[0]) == 2
    lab.stock(key, files[0], A, port=0, event="stopped")
    assert lab.seeders(files[0]) == 1


def test_our_client_returns_with_a_new_peer_id(lab: Lab, key: str, files: list[InfoHash]) -> None:
    """Its lost connection is still believed to be alive."""
    before = lab.client("bob", peer_id=b"x" * 20)
    before.announce(*files)
    after = lab.client("bob", peer_id=b"y" * 20)
    after.announce(*files[:3])
    for info_hash in files[:3]:
        assert lab.swarm(info_hash) == {(ADDRESS, 6881, b"y" * 20)}
        assert lab.seeders(info_hash) == 1
    before.drop()
    assert lab.swarm(files[0]) == {(ADDRESS, 6881, b"y" * 20)}
    assert lab.swarm(files[3]) == set()


def test_a_stock_client_and_ours_at_one_address(lab: Lab, key: str, files: list[InfoHash]) -> None:
    ours = lab.client("bob")
    ours.announce(*files)
    lab.stock(key, files[0], A)
    lab.stock(key, files[1], B)
    ours.announce(*files)
    assert lab.swarm(files[0]) == {(*HERE, A), (ADDRESS, 6881, ours.peer_id)}
    assert lab.swarm(files[1]) == {(*HERE, B), (ADDRESS, 6881, ours.peer_id)}
    ours.drop()
    assert lab.swarm(files[0]) == {(*HERE, A)}


V6 = "2001:db8::1"


def test_one_client_over_ipv4_and_ipv6(lab: Lab, key: str, files: list[InfoHash]) -> None:
    """It counts as one, and peers get both addresses."""
    for _ in range(2):
        lab.stock(key, files[0], A, event="started")
        assert lab.stock(key, files[0], A, host=V6, port=51414).complete == 1
    assert lab.swarm(files[0]) == {(*HERE, A), (V6, 51414, A)}
    assert lab.seeders(files[0]) == 1
    assert lab.services.announces.count_peers() == 1
    assert lab.services.announces.scrape_by_key(key, files)[files[0]].complete == 1


def test_an_address_replaces_only_one_of_its_family(
    lab: Lab, key: str, files: list[InfoHash]
) -> None:
    lab.stock(key, files[0], A)
    lab.stock(key, files[0], A, host=V6)
    lab.stock(key, files[0], A, host="10.0.0.2", port=1)
    assert lab.swarm(files[0]) == {("10.0.0.2", 1, A), (V6, 51413, A)}
    lab.stock(key, files[0], A, host="2001:db8::2")
    assert lab.swarm(files[0]) == {("10.0.0.2", 1, A), ("2001:db8::2", 51413, A)}
    lab.stock(key, files[0], A, event="stopped")
    assert lab.swarm(files[0]) == set()


def test_a_session_that_moves_to_the_other_address_family(
    lab: Lab, key: str, files: list[InfoHash]
) -> None:
    before = lab.client("bob")
    before.announce(files[0])
    after = lab.client("bob", host=V6, peer_id=before.peer_id)
    after.announce(files[0])
    assert lab.seeders(files[0]) == 1
    before.drop()
    assert lab.swarm(files[0]) == {(V6, 6881, after.peer_id)}


@pytest.mark.parametrize("interval", [120, 301, 600, 660, 1200])
def test_a_late_returning_peer_is_kept(
    lab: Lab, key: str, files: list[InfoHash], interval: int
) -> None:
    lab.stock(key, files[0], A)
    for _ in range(3):
        lab.pass_time(interval)
        assert lab.seeders(files[0]) == 1
        lab.stock(key, files[0], A)
    lab.pass_time(2000)
    assert lab.seeders(files[0]) == 0
