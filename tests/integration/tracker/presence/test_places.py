"""One user's bounds in a swarm: places, and counted downloads."""

from __future__ import annotations

from tests.integration.tracker.lab import Lab
from tracker.domain.presence import PEERS_PER_FILE
from tracker.store.files.files import COUNTED_COMPLETIONS


def made_up(number: int) -> bytes:
    return b"-LT20B0-%012d" % number


def test_fake_peers_of_one_user_take_only_that_users_places(lab: Lab) -> None:
    bob, cat, info_hash = lab.member("bob"), lab.member("cat"), lab.share("x.bin")
    lab.ann.announce(info_hash)  # the seeder, which was there first
    lab.stock(cat, info_hash, made_up(0), host="10.0.0.3")
    for number in range(1, 41):
        answer = lab.stock(bob, info_hash, made_up(number), port=number)
    assert answer.complete == 2 + PEERS_PER_FILE
    found = lab.stock(cat, info_hash, made_up(0), left=1, host="10.0.0.3").peers
    assert ("10.0.0.99", 6881) in [(peer.host, peer.port) for peer in found]
    mine = {peer_id for host, _, peer_id in lab.swarm(info_hash) if host == "10.0.0.1"}
    assert mine == {made_up(number) for number in range(41 - PEERS_PER_FILE, 41)}


def test_a_repeated_announce_keeps_its_place(lab: Lab) -> None:
    bob, info_hash = lab.member("bob"), lab.share("x.bin")
    for number in range(1, 3 * PEERS_PER_FILE):
        lab.stock(bob, info_hash, made_up(0), port=9999)
        lab.stock(bob, info_hash, made_up(number), port=number)
    assert made_up(0) in {peer_id for _, _, peer_id in lab.swarm(info_hash)}


def test_fake_hosts_and_ports_count_too(lab: Lab) -> None:
    bob, info_hash = lab.member("bob"), lab.share("x.bin")
    for number in range(20):
        lab.stock(bob, info_hash, made_up(number), host=f"10.1.0.{number}", port=0)
        lab.stock(bob, info_hash, made_up(number), host=f"2001:db8::{number}")
    assert lab.seeders(info_hash) == PEERS_PER_FILE // 2


def test_sessions_count_towards_the_places(lab: Lab) -> None:
    lab.member("bob")
    info_hash, other = lab.share("x.bin"), lab.share("y.bin")
    for number in range(2 * PEERS_PER_FILE):
        lab.client("bob", peer_id=made_up(number)).announce(info_hash, other, port=1 + number)
    assert (lab.seeders(info_hash), lab.seeders(other)) == (PEERS_PER_FILE, PEERS_PER_FILE)


def test_all_peers_of_a_user_are_bounded(lab: Lab) -> None:
    lab.limit_peers(10)
    bob, cat = lab.member("bob"), lab.member("cat")
    files = [lab.share(f"{number}.bin") for number in range(12)]
    lab.stock(cat, files[0], made_up(0), port=1)
    for info_hash in files:
        lab.stock(bob, info_hash, made_up(1), port=2)
    assert [lab.seeders(info_hash) for info_hash in files] == [1, 0, *[1] * 10]
    lab.stock(bob, files[0], made_up(1), port=2)
    assert [lab.seeders(info_hash) for info_hash in files] == [2, 0, 0, *[1] * 9]


def test_a_batch_beyond_the_bound_keeps_what_fits(lab: Lab) -> None:
    lab.limit_peers(3)
    lab.member("bob")
    files = [lab.share(f"{number}.bin") for number in range(5)]
    for _ in range(2):
        lab.client("bob", peer_id=made_up(1)).announce(*files)
    assert sum(lab.seeders(info_hash) for info_hash in files) == 3


def test_a_finished_download_counts_once(lab: Lab) -> None:
    bob, info_hash = lab.member("bob"), lab.share("x.bin")
    lab.stock(bob, info_hash, made_up(1), left=7, event="completed")
    assert lab.completed(info_hash, bob) == 0
    for _ in range(3):
        lab.stock(bob, info_hash, made_up(1), event="completed")
        lab.stock(bob, info_hash, made_up(1), event="stopped")
    assert lab.completed(info_hash, bob) == 1
    ours = lab.client("bob", peer_id=made_up(2))
    ours.announce(info_hash, left=1, port=1, event="completed")
    assert lab.completed(info_hash, bob) == 1
    for _ in range(2):
        ours.announce(info_hash, port=1, event="completed")
    assert lab.completed(info_hash, bob) == 2


def test_a_lying_peer_counts_no_more_than_a_few_times(lab: Lab) -> None:
    bob, info_hash, other = lab.member("bob"), lab.share("x.bin"), lab.share("y.bin")
    for number in range(3 * COUNTED_COMPLETIONS):
        lab.stock(bob, info_hash, made_up(number), port=1 + number, event="completed")
    assert lab.completed(info_hash, bob) == COUNTED_COMPLETIONS
    assert lab.completed(other, bob) == 0
    lab.stock(lab.member("cat"), info_hash, made_up(0), event="completed")
    assert lab.completed(info_hash, bob) == COUNTED_COMPLETIONS + 1


def test_two_announces_of_one_client_at_once(lab: Lab) -> None:
    """The second of two writers finds the first's row, and retries."""
    bob, info_hash = lab.member("bob"), lab.share("x.bin")
    lab.database.conflicts = 1
    assert lab.stock(bob, info_hash, made_up(1), event="completed").complete == 1
    lab.database.conflicts = 1
    (file,) = lab.ann.announce(info_hash)
    assert file.complete == 2
    assert lab.completed(info_hash, bob) == 1
    assert lab.database.conflicts == 0
