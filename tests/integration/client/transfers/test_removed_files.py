"""An admin removes a file from the group: every client stops sharing and downloading it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from client.results.transfers import TransferState
from common.errors import ErrorCode, MinitorrentError
from tests.integration.client.conftest import both_modes
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_file
from tests.support.waiting import wait_until

SENTENCE = "ann removed report.pdf from lab."


def shares(person: Person) -> list[str]:
    return [row.name for row in person.session.transfers.shares().shares]


@both_modes
def test_a_file_is_removed_for_everybody(team: Team, tmp_path: Path) -> None:
    ann, bob, cat = (team.member(name) for name in ("ann", "bob", "cat"))
    path = make_file(tmp_path / "report.pdf", 4_000_000)
    team.share(bob, path)
    cat.session.limits.set("down", 100_000)
    cat.start("report.pdf")
    wait_until(lambda: cat.row("report.pdf").peers, what="the download to run")

    assert ann.session.files.remove_file(GROUP, "report.pdf").name == "report.pdf"

    wait_until(lambda: not shares(bob), what="bob's client to stop sharing")
    assert path.stat().st_size == 4_000_000
    wait_until(lambda: cat.row("report.pdf").state is TransferState.FAILED, what="the failure")
    assert cat.row("report.pdf").error == SENTENCE
    why = cat.session.diagnostics.why(GROUP, "report.pdf")
    assert (why.reason, "cancel lab report.pdf" in why.hint) == (SENTENCE, True)
    assert cat.row("report.pdf").peers == 0
    assert ann.session.files.list(GROUP).files == []
    for person in (bob, cat):
        wait_until(partial(person.got_notice, SENTENCE), what="the notice")

    other = make_file(tmp_path / "new" / "report.pdf", 50_000, seed=2)
    team.share(ann, other)
    cat.session.limits.set("down", 0)
    assert cat.fetch("report.pdf").stat().st_size == 50_000


def test_clients_that_were_away_dont_bring_it_back(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    path = make_file(tmp_path / "report.pdf", 50_000)
    team.share(bob, path)
    team.share(bob, make_file(tmp_path / "kept.pdf", 1_000))
    ann.fetch("report.pdf")
    bob.session.close()
    ann.session.files.remove_file(GROUP, "report.pdf")
    assert shares(ann) == []

    bob.restart()
    wait_until(lambda: shares(bob) == ["kept.pdf"], what="bob's client to forget the share")
    assert [row.name for row in ann.session.files.list(GROUP).files] == ["kept.pdf"]
    wait_until(lambda: bob.got_notice(f"lab/report.pdf has stopped: {SENTENCE}"), what="the reason")
    assert path.stat().st_size == 50_000

    team.share(bob, path)  # a member may share it anew, on purpose
    bob.restart()
    wait_until(lambda: len(shares(bob)) == 2, what="both shares")
    with pytest.raises(MinitorrentError) as raised:
        team.member("cat").session.files.remove_file(GROUP, "report.pdf")
    assert raised.value.code is ErrorCode.NOT_ADMIN
