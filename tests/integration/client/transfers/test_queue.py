"""At most so many downloads run; the others wait, and start by themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from client.config import Timing
from client.results.transfers import TransferState
from tests.integration.client.team import GROUP, PASSWORD, Person, Team
from tests.support.content import make_file
from tests.support.waiting import wait_until

NAMES = ("a", "b", "c")
IMPATIENT = Timing(lend_place_after=0.5)


def offer(team: Team, ann: Person, folder: Path) -> None:
    """Have ann share three files and be away again with all of them."""
    for name in NAMES:
        team.share(ann, make_file(folder / name, 100_000))
        ann.session.transfers.pause(GROUP, name)


def shown(person: Person) -> list[TransferState]:
    """The states of the three, as show_downloads has them."""
    return [person.row(name).state for name in NAMES]


def until(person: Person, *states: str) -> None:
    """Wait for the three to be in these states."""
    wait_until(lambda: shown(person) == list(states), what=f"{states}, not {shown(person)}")


def place(person: Person, name: str) -> tuple[int, int] | None:
    return person.session._transfers.get(GROUP, name).place


def test_the_next_download_is_chosen_by_priority_then_age(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob", active=1)
    offer(team, ann, tmp_path)
    for name in NAMES:
        bob.start(name)
    until(bob, "downloading", "queued", "queued")
    assert [place(bob, name) for name in NAMES] == [None, (1, 2), (2, 2)]
    assert bob.session.transfers.set_priority(GROUP, "c", 7).priority == 7
    assert [place(bob, name) for name in NAMES] == [None, (2, 2), (1, 2)]
    bob.session.transfers.pause(GROUP, "a")
    until(bob, "paused", "queued", "downloading")
    assert bob.session.transfers.resume(GROUP, "a").state == "queued"
    assert bob.session.transfers.pause(GROUP, "b").state == "paused"
    bob.session.transfers.resume(GROUP, "b")
    bob.session.transfers.cancel(GROUP, "c")
    wait_until(lambda: bob.row("a").state == "downloading", what="the older one's turn")
    assert bob.row("b").state == "queued"
    for name in NAMES:
        ann.session.transfers.resume(GROUP, name)
    assert bob.session.transfers.wait(30.0).completed == [f"{GROUP}/a", f"{GROUP}/b"]


def test_the_queue_survives_a_restart_and_a_logout(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob", active=1)
    offer(team, ann, tmp_path)
    for name in NAMES:
        bob.start(name)
    bob.session.transfers.set_priority(GROUP, "b", 1)
    bob._config = replace(bob._config, active=None)  # the earlier choice counts
    bob.restart()
    until(bob, "queued", "downloading", "queued")
    bob.session.transfers.set_priority(GROUP, "c", 2)
    bob.session.transfers.recheck(GROUP, "b")
    until(bob, "queued", "queued", "downloading")
    bob.session.accounts.logout()
    bob.session.accounts.login(bob.name, PASSWORD)
    until(bob, "queued", "queued", "downloading")


def test_a_download_without_peers_does_not_block_others(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob", active=1, timing=IMPATIENT)
    offer(team, ann, tmp_path)
    bob.start("a")
    bob.start("b")
    ann.session.transfers.resume(GROUP, "b")
    bob.finish("b")
    assert bob.row("a").state == "downloading"


def test_without_a_limit_all_downloads_run(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob", active=0)
    offer(team, ann, tmp_path)
    for name in NAMES:
        bob.start(name)
    until(bob, "downloading", "downloading", "downloading")


def test_a_download_that_finds_peers_late_queues_again(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob", active=1, timing=IMPATIENT)
    bob.session.limits.set("down", 100)  # none is complete before the others are
    offer(team, ann, tmp_path)
    for name in NAMES:
        bob.start(name)
    until(bob, "downloading", "downloading", "downloading")  # all of them alone
    for name in NAMES:
        ann.session.transfers.resume(GROUP, name)
    until(bob, "downloading", "queued", "queued")
    bob.session.limits.set("down", 0)
    assert len(bob.session.transfers.wait(30.0).completed) == 3
