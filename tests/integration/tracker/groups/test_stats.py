"""A group's size and its traffic, on the tracker's services."""

from __future__ import annotations

from common.api import stats
from common.api.stats import LeftTraffic, StatsReply
from tests.integration.tracker.lab import Client, Lab
from tracker.domain.traffic import Traffic


def stats_of(lab: Lab, client: Client, **page: str | int) -> StatsReply:
    lab.services.announces.write_progress()
    request = stats.Stats.model_validate({"group": "lab", **page})
    return lab.services.stats.stats(client.caller.require_login(), request)


def users(reply: StatsReply) -> list[tuple[str, int, int]]:
    return [(row.user, row.up, row.down) for row in reply.users]


def add(lab: Lab, user: str, up: int, down: int) -> None:
    with lab.database.write() as work:
        group, account = work.groups.by_name("lab"), work.users.by_name(user)
        assert group is not None
        assert account is not None
        work.presence.add_traffic({(group.id, account.id): Traffic(up, down)})


def test_a_groups_size(lab: Lab) -> None:
    lab.member("bob")
    lab.share("123")
    lab.share("4567")
    reply = stats_of(lab, lab.ann)
    assert (reply.group, reply.files, reply.bytes, reply.members) == ("lab", 2, 7, 2)
    assert users(reply) == [("ann", 0, 0), ("bob", 0, 0)]


def test_traffic_adds_up_and_stays_when_a_member_leaves(lab: Lab) -> None:
    lab.member("bob")
    assert stats_of(lab, lab.ann).left is None
    for user in ("ann", "bob"):
        add(lab, user, 5, 1)
        add(lab, user, 2, 0)
    assert users(stats_of(lab, lab.ann)) == [("ann", 7, 1), ("bob", 7, 1)]
    lab.remove("bob")
    reply = stats_of(lab, lab.ann)
    assert users(reply) == [("ann", 7, 1)]
    assert (reply.members, reply.total) == (1, 1)
    assert reply.left == LeftTraffic(up=7, down=1)
    assert stats_of(lab, lab.ann, pattern="a*").left is None
    lab.member("eve")
    add(lab, "eve", 3, 2)
    with lab.store.write() as work:
        account = work.users.by_name("eve")
        assert account is not None
        work.users.delete(account.id)
    assert stats_of(lab, lab.ann).left == LeftTraffic(up=10, down=3)


def test_users_are_listed_in_pages(lab: Lab) -> None:
    names = [f"user{number}" for number in range(5)]
    for name in names:
        lab.member(name)
    add(lab, "user3", 4, 0)
    found: list[tuple[str, int, int]] = []
    after: str | None = ""
    while after is not None:
        reply = stats_of(lab, lab.ann, limit=2, after=after)
        assert reply.total == 6
        found += users(reply)
        after = reply.next
    assert [user for user, _, _ in found] == ["ann", *names]
    assert found[4] == ("user3", 4, 0)
    reply = stats_of(lab, lab.ann, pattern="USER*")
    assert (len(reply.users), reply.total) == (5, 5)


def test_sums_end_before_the_databases_numbers_do(lab: Lab) -> None:
    for _ in range(4):
        add(lab, "ann", 2**61, 1)
    assert users(stats_of(lab, lab.ann)) == [("ann", 2**62, 2)]
    for user in ("bob", "eve"):
        lab.member(user)
        for _ in range(4):
            add(lab, user, 2**61, 1)
        lab.remove(user)
    assert stats_of(lab, lab.ann).left == LeftTraffic(up=2**62, down=4)


def test_a_group_ends_with_its_traffic(lab: Lab) -> None:
    add(lab, "ann", 5, 1)
    with lab.store.write() as work:
        group = work.groups.by_name("lab")
        assert group is not None
        work.groups.delete(group.id)
        assert work.groups.by_name("lab") is None


# --- from announces ---------------------------------------------------------------------------
def test_a_transfer_is_counted_on_both_sides(lab: Lab) -> None:
    lab.member("bob")
    film = lab.share("film")
    bob = lab.client("bob", "10.0.0.2", b"b" * 20)
    lab.ann.announce(film, event="started")
    bob.announce(film, left=4, event="started")
    lab.pass_time(30)
    bob.announce(film, event="completed", downloaded=4)
    lab.ann.announce(film, uploaded=4)
    assert users(stats_of(lab, lab.ann)) == [("ann", 4, 0), ("bob", 0, 4)]


def test_only_growth_is_counted(lab: Lab) -> None:
    film, song = lab.share("film"), lab.share("song")
    for up in (100, 100, 150, 150, 20):  # at last the client has started the file again
        lab.ann.announce(film, song, uploaded=up)
        lab.pass_time(30)
    assert users(stats_of(lab, lab.ann)) == [("ann", 2 * (50 + 20), 0)]


def test_what_a_leaving_client_reports_is_counted(lab: Lab) -> None:
    film = lab.share("film")
    lab.ann.announce(film, event="started")
    lab.pass_time(5)
    lab.ann.announce(film, event="stopped", uploaded=7)
    lab.ann.announce(film, event="stopped", uploaded=9)
    assert users(stats_of(lab, lab.ann)) == [("ann", 7, 0)]


def test_totals_from_before_a_lost_connection_are_not_counted_again(lab: Lab) -> None:
    film = lab.share("film")
    lab.ann.announce(film, uploaded=5)
    lab.ann.drop()
    again = lab.client("ann", "10.0.0.99", lab.ann.peer_id)
    again.announce(film, uploaded=1000)
    again.announce(film, uploaded=1003)
    assert users(stats_of(lab, again)) == [("ann", 3, 0)]


def test_a_claim_of_too_much_is_not_believed(lab: Lab) -> None:
    film = lab.share("film")
    lab.ann.announce(film)
    lab.pass_time(30)
    lab.ann.announce(film, uploaded=2**63, downloaded=5)
    assert users(stats_of(lab, lab.ann)) == [("ann", 0, 5)]


def test_stock_clients_count_as_well_over_both_addresses_once(lab: Lab) -> None:
    key = lab.member("bob")
    film = lab.share("film")
    for up in (0, 70):
        for host in ("10.0.0.1", "fd00::1"):
            lab.stock(key, film, b"-qB5000-" + b"x" * 12, host=host, uploaded=up)
        lab.pass_time(60)
    assert users(stats_of(lab, lab.ann)) == [("ann", 0, 0), ("bob", 70, 0)]
