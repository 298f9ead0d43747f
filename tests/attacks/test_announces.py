"""A member's fake clients, and what they can't take from others in a swarm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.types import InfoHash
from tests.integration.tracker.lab import Lab

NEWCOMER = b"-TR4060-newcomer1234"
SEEDER = ("10.0.0.99", 6881)
ROUNDS = 20
"""Announces of a new client: enough to reveal a seeder that is returned only by chance."""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.close()


def finds_the_seeder(lab: Lab, key: str, info_hash: InfoHash) -> bool:
    """Return whether a member's client gets the seeder in every announce."""
    for _ in range(ROUNDS):
        answer = lab.stock(key, info_hash, NEWCOMER, left=1, host="10.0.0.3")
        if SEEDER not in [(peer.host, peer.port) for peer in answer.peers]:
            return False
    return True


def made_up(number: int) -> bytes:
    return b"-LT20B0-%012d" % number


def test_without_fake_clients_the_seeder_is_found(lab: Lab) -> None:
    bob, info_hash = lab.member("bob"), lab.share("x.bin")
    assert not finds_the_seeder(lab, bob, info_hash)
    lab.ann.announce(info_hash)
    assert finds_the_seeder(lab, bob, info_hash)


def test_a_hundred_fake_clients_do_not_hide_a_seeder(lab: Lab) -> None:
    bob, eve, info_hash = lab.member("bob"), lab.member("eve"), lab.share("x.bin")
    lab.ann.announce(info_hash)
    for number in range(100):
        lab.stock(eve, info_hash, made_up(number), port=1 + number, host="10.0.0.9")
    assert finds_the_seeder(lab, bob, info_hash)


def test_fake_clients_of_several_members_do_not_hide_a_seeder(lab: Lab) -> None:
    bob, info_hash = lab.member("bob"), lab.share("x.bin")
    lab.ann.announce(info_hash)
    for user in ("eve", "eva", "evi", "evo", "evu", "evy", "ewa"):
        key = lab.member(user)
        for number in range(10):
            lab.stock(key, info_hash, made_up(number), port=1 + number, host=f"10.0.1.{number}")
    assert finds_the_seeder(lab, bob, info_hash)


def test_no_peer_can_be_made_to_vanish(lab: Lab) -> None:
    """Neither by another user's announce of the same peer id, nor of the same address."""
    eve, info_hash = lab.member("eve"), lab.share("x.bin")
    lab.ann.announce(info_hash)
    host, port = SEEDER
    for event in ("started", "completed", "stopped"):
        lab.stock(eve, info_hash, lab.ann.peer_id, host=host, port=port, event=event)
    assert lab.seeders(info_hash) == 1
    assert finds_the_seeder(lab, eve, info_hash)


def test_fake_completions_count_only_a_few_times(lab: Lab) -> None:
    bob, eve, info_hash = lab.member("bob"), lab.member("eve"), lab.share("x.bin")
    lab.stock(bob, info_hash, made_up(0), event="completed")
    honest = lab.completed(info_hash, bob)
    for number in range(30):
        lab.stock(eve, info_hash, made_up(number), event="completed")
    assert lab.completed(info_hash, bob) - honest <= 8
