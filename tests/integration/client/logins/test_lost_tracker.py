"""Trackers that die, return, or fail over, while the group is active."""

from __future__ import annotations

from pathlib import Path

from client.core.swarm.swarm_config import SwarmConfig
from common.types import Endpoint
from tests.integration.client.team import GROUP, Team
from tests.support.content import make_file
from tests.support.ports import free_port
from tests.support.waiting import wait_until

MIB = 1 << 20
LEISURELY = SwarmConfig(initial_window=1, min_window=1, max_window=1)


def test_a_transfer_continues_without_a_tracker(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 24 * MIB)
    ann, bob = team.member("ann"), team.member("bob", LEISURELY)
    name = team.share(ann, content)
    bob.session.limits.set("down", MIB)
    copy = bob.start(name)
    wait_until(lambda: bob.row(name).done, what="the first piece")
    team.tracker.stop()
    wait_until(lambda: bob.got_notice("Lost the connection"), what="bob to notice")
    assert bob.row(name).state == "downloading", "too quick for this test"
    bob.session.limits.set("down", 0)
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()
    wait_until(lambda: bob.session.overview().tracker == "unreachable", what="no tracker")
    with team.serving(team.address):
        wait_until(
            lambda: all(person.got_notice("Connected to") for person in (ann, bob)),
            what="both to return",
        )

        def both_seed() -> bool:
            return bob.session.files.list(GROUP).files[0].seeders == 2

        wait_until(both_seed, what="both to seed again")


def test_the_second_tracker_takes_over(team: Team, tmp_path: Path) -> None:
    second = Endpoint("127.0.0.1", free_port())
    team.known = (team.address, second)
    ann, bob = team.member("ann"), team.member("bob")
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    with team.serving(second):
        team.tracker.stop()
        wait_until(
            lambda: all(person.got_notice("Connected to") for person in (ann, bob)),
            what="both to come over",
        )
        wait_until(lambda: bob.session.files.list(GROUP).files[0].seeders, what="ann to seed")
        bob.fetch(name)
        states = [(row.address, row.current) for row in bob.session.trackers.list().trackers]
        assert states == [(str(team.address), False), (str(second), True)]
        bob.session.close()
        ann.session.close()
