"""Swarms too large to be looked at whole: the same rules hold as in small ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import insert, update

from common.announce import AnnounceResponse
from common.types import InfoHash
from tests.integration.tracker.lab import Lab
from tracker.domain.presence import PEERS_PER_FILE
from tracker.domain.selection import place_of
from tracker.services.sharing.swarms import COUNT_SECONDS, SMALL
from tracker.store import tables

MANY = 4 * SMALL
FIRST = 1000
"""The id of the first user with a made-up peer."""

ASKER = b"-LT20B0-asker0000000"
AddPeers = Callable[..., None]


@pytest.fixture
def key(lab: Lab) -> str:
    """Bob's."""
    return lab.member("bob")


@pytest.fixture
def info_hash(lab: Lab) -> InfoHash:
    return lab.share("x.bin")


@pytest.fixture
def add_peers(lab: Lab, info_hash: InfoHash) -> AddPeers:  # the file is the first one
    """Record peers of the file, each of a user of its own unless `users` are fewer."""
    numbers = iter(range(FIRST, 10 * FIRST))

    def add(count: int, *, left: int, users: int | None = None, **more: object) -> None:
        first = next(numbers)
        ids = [first] + [next(numbers) for _ in range((users or count) - 1)]
        with lab.store._engine.begin() as connection:
            connection.execute(
                insert(tables.users),
                [
                    {"id": one, "name": f"u{one}", "password_hash": "x", "created_at": 0}
                    for one in ids
                ],
            )
            connection.execute(
                insert(tables.peers),
                [_row(ids[n % len(ids)], n, left, lab.now + 1800) | more for n in range(count)],
            )

    return add


def _row(user_id: int, number: int, left: int, until: float) -> dict[str, object]:
    return {
        "file_id": 1,
        "user_id": user_id,
        "peer_id": b"%010d%010d" % (user_id, number),
        "host": f"10.{user_id >> 8}.{user_id & 255}.{number % PEERS_PER_FILE}",
        "port": 7000,
        "left": left,
        "uploaded": 0,
        "downloaded": 0,
        "expires_at": until,
        "place": place_of(1, user_id),
    }


def ask(lab: Lab, key: str, info_hash: InfoHash, left: int = 1) -> AnnounceResponse:
    return lab.stock(key, info_hash, ASKER, left=left)


def users_of(answer: AnnounceResponse) -> list[str]:
    return [peer.host.rpartition(".")[0] for peer in answer.peers]


def test_every_peer_is_met_in_time(
    lab: Lab, key: str, info_hash: InfoHash, add_peers: AddPeers
) -> None:
    add_peers(MANY, left=1)
    met: Counter[str] = Counter()
    for _ in range(100):
        answer = ask(lab, key, info_hash)
        assert len(answer.peers) == 50
        met.update(users_of(answer))
    assert len(met) == MANY


def test_no_user_is_met_twice_while_there_are_others(
    lab: Lab, key: str, info_hash: InfoHash, add_peers: AddPeers
) -> None:
    add_peers(60 * PEERS_PER_FILE, left=1, users=60)
    add_peers(SMALL, left=1)
    met: Counter[str] = Counter()
    for _ in range(100):
        users = users_of(ask(lab, key, info_hash))
        assert len(users) == len(set(users)) == 50
        met.update(users)
    assert len(met) == 60 + SMALL


def test_a_few_users_with_many_peers_share_the_answer(
    lab: Lab, key: str, info_hash: InfoHash, add_peers: AddPeers
) -> None:
    add_peers(20 * PEERS_PER_FILE, left=1, users=20)
    counts = Counter(users_of(ask(lab, key, info_hash)))
    assert len(counts) == 20
    assert set(counts.values()) == {2, 3}


def test_a_seeder_gets_all_leechers_of_many_seeders(
    lab: Lab, key: str, info_hash: InfoHash, add_peers: AddPeers
) -> None:
    add_peers(MANY, left=0)
    add_peers(5, left=1)
    add_peers(1, left=1, port=0)
    answer = ask(lab, key, info_hash, left=0)
    assert (answer.complete, answer.incomplete) == (MANY + 1, 6)
    assert len(answer.peers) == 5


def test_neither_the_asker_nor_what_has_ended_is_returned(
    lab: Lab, key: str, info_hash: InfoHash, add_peers: AddPeers
) -> None:
    add_peers(MANY, left=1)
    add_peers(MANY, left=1, expires_at=lab.now - 1, port=6666)
    add_peers(MANY, left=1, port=0)
    seeder = lab.client("bob", host="10.0.0.5", peer_id=b"s" * 20)
    seeder.announce(info_hash)
    for _ in range(20):
        ports = {peer.port for peer in ask(lab, key, info_hash).peers}
        assert ports <= {7000, 6881}
    with lab.store._engine.begin() as connection:
        connection.execute(update(tables.peers).values(expires_at=lab.now - 1))
    lab.now += COUNT_SECONDS
    answer = ask(lab, key, info_hash)
    assert (answer.complete, answer.incomplete) == (0, 1), "the trackers' heartbeat is old, too"


def test_counts_of_a_large_swarm_are_a_few_seconds_old_at_most(
    lab: Lab, key: str, info_hash: InfoHash, add_peers: AddPeers
) -> None:
    add_peers(MANY, left=1)
    assert ask(lab, key, info_hash).incomplete == MANY + 1
    add_peers(3, left=0)
    assert ask(lab, key, info_hash).complete in (0, 3)
    lab.now += COUNT_SECONDS
    assert ask(lab, key, info_hash).complete == 3
    scraped = lab.services.announces.scrape_by_key(key, [info_hash])[info_hash]
    assert (scraped.complete, scraped.incomplete) == (3, MANY + 1)


def test_small_and_large_swarms_in_one_announce(
    lab: Lab, key: str, info_hash: InfoHash, add_peers: AddPeers
) -> None:
    others = [lab.share(f"{number}.bin") for number in range(3)]
    add_peers(MANY, left=1)
    for number, other in enumerate(others):
        lab.stock(key, other, ASKER, port=1000 + number)
    for _ in range(2):
        answers = lab.ann.announce(*others, info_hash, left=1)
        assert [(one.complete, one.incomplete) for one in answers[:3]] == [(1, 1)] * 3
        assert [[peer.port for peer in one.peers] for one in answers[:3]] == [
            [1000],
            [1001],
            [1002],
        ]
        assert answers[3].incomplete in (MANY, MANY + 1)
        assert len(answers[3].peers) == 50
