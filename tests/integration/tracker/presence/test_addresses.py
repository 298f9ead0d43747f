"""What clients learn of each other's addresses, and what they can't make the tracker tell."""

from __future__ import annotations

import pytest

from common.api import accounts, presence
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash
from tests.integration.tracker.lab import Client, Lab
from tracker.services.caller import Caller

HOME, ELSEWHERE, IPV6 = "45.80.0.1", "45.80.0.2", "2a00:8080::1"
INSIDE = "192.168.1.10"
VICTIM = "45.80.0.66"


@pytest.fixture
def info_hash(lab: Lab) -> InfoHash:
    for name in ("bob", "cat", "dan"):
        lab.member(name)
    return lab.share("x.bin")


def seeder(lab: Lab, info_hash: InfoHash, *local: str) -> Client:
    """Bob's client at home, which has the file and names these addresses."""
    bob = lab.client("bob", HOME, b"b" * 20, local=local)
    bob.announce(info_hash)
    return bob


def others_for(lab: Lab, info_hash: InfoHash, user: str, host: str) -> list[tuple[str, int]]:
    """What a member's client that comes from a host learns of bob, besides his main address."""
    client = lab.client(user, host, user.encode() * 5 + b"x" * 5)
    (file,) = client.announce(info_hash, left=1)
    (bob,) = file.peers
    assert (bob.host, bob.port) == (HOME, 6881)
    client.announce(info_hash, left=1, event="stopped")
    return [(one.host, one.port) for one in bob.others]


def add_address(lab: Lab, bob: Client, host: str, port: int = 6881) -> str:
    """Bob's client connects from a host, too."""
    request = accounts.AddAddress(token=bob.token, port=port)
    return lab.services.logins.add_address(Caller("another", host, "45.80.0.9"), request).host


def test_neighbours_find_each_other_inside(lab: Lab, info_hash: InfoHash) -> None:
    seeder(lab, info_hash, INSIDE, "fd00::1")
    assert others_for(lab, info_hash, "cat", HOME) == [(INSIDE, 6881), ("fd00::1", 6881)]
    assert others_for(lab, info_hash, "dan", ELSEWHERE) == []
    assert others_for(lab, info_hash, "dan", INSIDE) == [], "another home's address of that name"


@pytest.mark.parametrize("claimed", [VICTIM, "127.0.0.1", "169.254.1.1", "2a00:8080::66", "host"])
def test_nobody_can_have_members_dial_a_victim(lab: Lab, info_hash: InfoHash, claimed: str) -> None:
    seeder(lab, info_hash, claimed)
    assert others_for(lab, info_hash, "cat", HOME) == []


def test_the_number_of_addresses_is_bounded() -> None:
    for number, fits in ((4, True), (5, False)):
        asked = {"token": "t", "peer_id": "00" * 20, "port": 1, "local": [INSIDE] * number}
        try:
            accounts.RESUME_SESSION.read_request(asked)
        except MinitorrentError as error:
            assert not fits
            assert error.code is ErrorCode.USAGE
        else:
            assert fits


def test_the_tracker_tells_of_an_address_where_it_saw_the_client(
    lab: Lab, info_hash: InfoHash
) -> None:
    bob = seeder(lab, info_hash, INSIDE)
    assert add_address(lab, bob, IPV6, 7000) == IPV6
    assert others_for(lab, info_hash, "dan", ELSEWHERE) == [(IPV6, 7000)]
    assert others_for(lab, info_hash, "cat", HOME) == [(IPV6, 7000), (INSIDE, 6881)]
    assert add_address(lab, bob, "2a00:8080::2", 7001) == "2a00:8080::2"
    assert others_for(lab, info_hash, "dan", ELSEWHERE) == [("2a00:8080::2", 7001)]
    bob.drop()
    (file,) = lab.client("dan", ELSEWHERE).announce(info_hash, left=1)
    assert file.peers == []


@pytest.mark.parametrize("host", [ELSEWHERE, "fd00::1", "::1", "fe80::1", INSIDE])
def test_other_addresses_are_refused(lab: Lab, info_hash: InfoHash, host: str) -> None:
    bob = seeder(lab, info_hash)
    with pytest.raises(MinitorrentError) as refused:
        add_address(lab, bob, host)
    assert refused.value.code is ErrorCode.USAGE
    assert others_for(lab, info_hash, "dan", ELSEWHERE) == []


def test_an_address_needs_a_session(lab: Lab, info_hash: InfoHash) -> None:
    bob = seeder(lab, info_hash)
    bob.token = "guessed"
    with pytest.raises(MinitorrentError) as refused:
        add_address(lab, bob, IPV6)
    assert refused.value.code is ErrorCode.NOT_LOGGED_IN


def test_who_is_met_inside_is_identified(lab: Lab, info_hash: InfoHash) -> None:
    bob = seeder(lab, info_hash, INSIDE)
    add_address(lab, bob, IPV6)

    def who(user: str, host: str, met: str) -> str | None:
        asker = lab.client(user, host, user.encode() * 5 + b"x" * 5)
        request = presence.IdentifyPeer(
            info_hash=info_hash.hex(), peer_id=bob.peer_id.hex(), host=met
        )
        return lab.services.announces.identify_peer(asker.caller.require_login(), request).user

    assert who("cat", HOME, INSIDE) == "bob"
    assert who("dan", ELSEWHERE, INSIDE) is None
    assert who("dan", ELSEWHERE, IPV6) == "bob"
    assert who("cat", HOME, "192.168.1.11") is None
    assert who("dan", ELSEWHERE, "2a00:8080::2") is None


def test_stock_clients_learn_public_addresses(lab: Lab, info_hash: InfoHash) -> None:
    bob = seeder(lab, info_hash, INSIDE)
    add_address(lab, bob, IPV6, 7000)
    key = lab.member("eve")
    answer = lab.stock(key, info_hash, b"-LT20B0-" + b"e" * 12, left=1, host=HOME)
    assert {(peer.host, peer.port) for peer in answer.peers} == {(HOME, 6881), (IPV6, 7000)}


def test_the_addresses_survive_a_stall_of_the_tracker(lab: Lab, info_hash: InfoHash) -> None:
    bob = seeder(lab, info_hash, INSIDE)
    with lab.database.write() as work:
        work.trackers.remove(lab.services.events.tracker_id)
    lab.services.lifecycle.beat(lambda: [bob.caller.require_login()])
    bob.announce(info_hash)
    assert others_for(lab, info_hash, "cat", HOME) == [(INSIDE, 6881)]


def test_large_swarms_tell_of_addresses_too(lab: Lab, info_hash: InfoHash) -> None:
    bob = seeder(lab, info_hash, INSIDE)
    add_address(lab, bob, IPV6, 7000)
    key = lab.member("eve")
    for number in range(70):
        peer_id = b"-LT20B0-%012d" % number
        lab.stock(key, info_hash, peer_id, port=1000 + number, host=f"45.81.0.{number}")
    client = lab.client("cat", HOME, b"c" * 20)
    lab.pass_time(11.0)
    (file,) = client.announce(info_hash, left=1)
    (bob_row,) = [peer for peer in file.peers if peer.user == "bob"]
    assert [(one.host, one.port) for one in bob_row.others] == [(IPV6, 7000), (INSIDE, 6881)]
