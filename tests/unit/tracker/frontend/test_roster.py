"""The roster of a tracker's connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from tracker.domain.admission import ConnectionLimits
from tracker.frontend.connection import Connection
from tracker.frontend.roster import Roster


@dataclass(eq=False)
class FakeConnection:
    """What the roster knows of a connection."""

    party: str = "a"
    user: str | None = None
    last_line: float = 0.0
    is_turned_away: bool = False

    @property
    def id(self) -> str:
        return str(id(self))


def added(
    roster: Roster, user: str | None = None, party: str = "a", *, is_turned_away: bool = False
) -> Connection:
    connection = cast(Connection, FakeConnection(party, user, is_turned_away=is_turned_away))
    roster.add(connection)
    roster.note_login(connection)
    return connection


def roster_for(total: int) -> Roster:
    return Roster(ConnectionLimits(total, total, grace=0.0))


def test_connections_are_found_by_user() -> None:
    roster = roster_for(9)
    ann, again, bob = added(roster, "ann"), added(roster, "ann"), added(roster, "bob")
    added(roster)
    assert set(roster.of_users({"ann", "carol"})) == {ann, again}
    assert (len(roster), roster.sessions) == (4, 3)
    cast(FakeConnection, bob).user = "ann"
    roster.note_login(bob)
    roster.remove(again)
    assert set(roster.of_users({"ann"})) == {ann, bob}
    assert roster.of_users({"bob"}) == []
    assert (len(roster), roster.sessions) == (3, 2)


def test_who_has_logged_out_can_be_displaced_again() -> None:
    roster = roster_for(1)
    ann = added(roster, "ann")
    assert not roster.admit("b", 1.0).is_admitted
    cast(FakeConnection, ann).user = None
    roster.note_login(ann)
    assert roster.sessions == 0
    assert roster.admit("b", 1.0).displaced is ann
    roster.note_login(ann)  # its last request ends after it was displaced
    assert roster.of_users({"ann"}) == []
    assert roster.admit("b", 1.0).displaced is None
    roster.remove(ann)
    assert len(roster) == 0


def test_a_user_with_very_many_connections_gives_way() -> None:
    roster = roster_for(51)
    crowd = [added(roster, "ann") for _ in range(51)]
    assert roster.admit("b", 1.0).displaced in crowd


def test_a_connection_that_is_turned_away_takes_no_slot() -> None:
    roster = roster_for(1)
    refused = added(roster, is_turned_away=True)
    assert roster.count_turned_away("a") == (1, 1)
    assert roster.count_turned_away("b") == (1, 0)
    assert roster.admit("a", 0.0).is_admitted
    assert roster.wait_until_empty(0.0) == 1
    roster.remove(refused)
    assert roster.count_turned_away("a") == (0, 0)
    assert roster.wait_until_empty(0.0) == 0
