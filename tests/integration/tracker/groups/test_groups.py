"""Groups, members and requests through real connections."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.tracker.conftest import Connect
from tests.integration.tracker.sessions import SessionClient, code_of, let_in
from tracker.app import TrackerApp

SignUp = Callable[[str], SessionClient]


def roles(client: SessionClient, group: str = "lab") -> dict[str, str]:
    members = client.call("list_members", group=group)["members"]
    return {member["user"]: member["role"] for member in members}


def test_the_creator_owns_a_group(ann: SessionClient) -> None:
    assert ann.call("create_group", group="club") == {"group": "club", "mode": "sealed"}
    assert roles(ann, "club") == {"ann": "owner"}
    assert ann.call("list_groups")["groups"] == [
        {"group": name, "owner": "ann", "members": 1, "files": 0, "mode": mode, "member": True}
        for name, mode in (("club", "sealed"), ("lab", "open"))
    ]


@pytest.mark.any_database
@pytest.mark.parametrize("mode", ["open", "sealed"])
def test_a_group_keeps_its_mode(ann: SessionClient, mode: str) -> None:
    assert ann.call("create_group", group="club", mode=mode) == {"group": "club", "mode": mode}
    assert ann.call("get_group", group="club")["mode"] == mode
    modes = {row["group"]: row["mode"] for row in ann.call("list_groups")["groups"]}
    assert modes["club"] == mode


def test_the_list_of_groups_marks_requests(ann: SessionClient, eve: SessionClient) -> None:
    def marks(client: SessionClient) -> list[tuple[object, object]]:
        rows = client.call("list_groups")["groups"]
        return [(row.get("requested"), row.get("requests")) for row in rows]

    assert marks(eve) == [(None, None)]
    eve.call("join_group", group="lab")
    assert marks(eve) == [(True, None)], "only admins see how many have asked"
    assert marks(ann) == [(None, 1)]
    ann.call("accept_request", group="lab", user="eve")
    assert marks(eve) == marks(ann) == [(None, None)]


def test_group_names_are_unique(ann: SessionClient, eve: SessionClient) -> None:
    assert code_of(eve, "create_group", group="lab") == "group_exists"


def test_joining_requires_an_admin(ann: SessionClient, eve: SessionClient) -> None:
    assert eve.call("join_group", group="lab") == {"group": "lab", "status": "requested"}
    assert code_of(eve, "list_members", group="lab") == "not_member"
    notice = ann.notice()
    assert (notice["kind"], notice["group"], notice["actor"]) == ("join_requested", "lab", "eve")
    assert notice["text"] == "eve asks to join lab."

    requests = ann.call("list_requests", group="lab")
    assert [row["user"] for row in requests["requests"]] == ["eve"]
    assert requests["requests"][0]["requested_at"].endswith("Z")
    accepted = ann.call("accept_request", group="lab", user="eve")

    assert accepted == {"group": "lab", "user": "eve"}
    assert eve.notice()["kind"] == "request_accepted"
    assert roles(eve) == {"ann": "owner", "eve": "member"}
    assert ann.call("list_requests", group="lab")["requests"] == []


def test_a_rejected_user_can_ask_again(ann: SessionClient, eve: SessionClient) -> None:
    eve.call("join_group", group="lab")
    ann.call("reject_request", group="lab", user="eve")
    assert eve.notice()["kind"] == "request_rejected"
    assert code_of(eve, "list_members", group="lab") == "not_member"
    assert eve.call("join_group", group="lab")["status"] == "requested"


def test_joining_twice(ann: SessionClient, bob: SessionClient, eve: SessionClient) -> None:
    assert code_of(bob, "join_group", group="lab") == "already_member"
    eve.call("join_group", group="lab")
    assert code_of(eve, "join_group", group="lab") == "already_requested"
    assert code_of(eve, "join_group", group="none") == "no_such_group"


ON_USERS = {
    "accept_request": "no_such_request",
    "reject_request": "no_such_request",
    "remove_member": "not_member",
    "promote": "not_member",
    "demote": "not_member",
    "transfer_group": "not_member",
}
"""Operations on a user, and how they are refused when he is outside."""


def test_only_admins_decide_on_requests(
    ann: SessionClient, bob: SessionClient, eve: SessionClient
) -> None:
    for operation, outside in ON_USERS.items():
        assert code_of(bob, operation, group="lab", user="ann") == "not_admin"
        assert code_of(eve, operation, group="lab", user="ann") == "not_member"
        assert code_of(bob, operation, group="none", user="ann") == "no_such_group"
        assert code_of(ann, operation, group="lab", user="ghost") == "no_such_user"
        assert code_of(ann, operation, group="lab", user="a b") == "invalid_name"
        assert code_of(ann, operation, group="lab", user="eve") == outside
    assert code_of(bob, "list_requests", group="lab") == "not_admin"
    assert code_of(eve, "list_requests", group="lab") == "not_member"
    assert code_of(bob, "list_requests", group="none") == "no_such_group"


def test_non_members_see_nothing(ann: SessionClient, eve: SessionClient) -> None:
    for operation in ("list_members", "list_files", "get_group", "leave_group"):
        assert code_of(eve, operation, group="lab") == "not_member"
        assert code_of(eve, operation, group="none") == "no_such_group"


def test_non_members_see_the_list_of_groups(ann: SessionClient, eve: SessionClient) -> None:
    (row,) = eve.call("list_groups")["groups"]
    assert (row["group"], row["owner"], row["member"]) == ("lab", "ann", False)


def test_a_removed_member_loses_everything(ann: SessionClient, bob: SessionClient) -> None:
    file = bob.upload("lab", "bobs.bin")
    bob.announce(file["info_hash"], 0)
    ann.announce(file["info_hash"], 5)
    key = bob.call("announce_key", group="lab")["key"]

    assert ann.call("remove_member", group="lab", user="bob") == {"group": "lab", "user": "bob"}

    assert bob.notice()["kind"] == "member_removed"
    assert code_of(bob, "list_files", group="lab") == "not_member"
    assert ann.call("list_files", group="lab")["files"] == []
    refusal = bob.announce(file["info_hash"], 0)["error"]
    assert refusal["code"] == "no_such_file"
    let_in(bob, "bob", ann)
    assert bob.call("announce_key", group="lab")["key"] != key


def test_a_removed_members_peers_leave_shared_files(ann: SessionClient, bob: SessionClient) -> None:
    info_hash = ann.upload("lab", "x.bin")["info_hash"]
    bob.announce(info_hash, 5)
    assert ann.announce(info_hash, 0)["incomplete"] == 1
    ann.call("remove_member", group="lab", user="bob")
    assert ann.announce(info_hash, 0)["incomplete"] == 0
    assert bob.announce(info_hash, 5)["error"]["code"] == "not_member"
    identify = {"info_hash": info_hash, "peer_id": bob.peer_id}
    assert ann.call("identify_peer", **identify) == {"user": None}


def test_promote_and_demote(ann: SessionClient, bob: SessionClient) -> None:
    ann.call("promote", group="lab", user="bob")
    ann.call("promote", group="lab", user="bob")
    assert roles(ann) == {"ann": "owner", "bob": "admin"}
    notice = bob.notice()
    assert (notice["kind"], notice["text"]) == ("role_changed", "ann made you an admin of lab.")
    assert bob.call("list_requests", group="lab")["requests"] == []

    ann.call("demote", group="lab", user="bob")
    ann.call("demote", group="lab", user="bob")
    assert roles(ann) == {"ann": "owner", "bob": "member"}
    assert bob.notice()["text"] == "ann made you a member of lab."


def test_admins_have_no_power_over_the_owner(
    ann: SessionClient, bob: SessionClient, sign_up: SignUp
) -> None:
    cat = sign_up("cat")
    let_in(cat, "cat", ann)
    for user in ("bob", "cat"):
        ann.call("promote", group="lab", user=user)
    for operation in ("remove_member", "demote"):
        for user in ("ann", "cat"):
            code = code_of(bob, operation, group="lab", user=user)
            assert code == "permission_denied"
    assert code_of(bob, "transfer_group", group="lab", user="bob") == "permission_denied"
    assert code_of(ann, "remove_member", group="lab", user="ann") == "permission_denied"
    bob.call("demote", group="lab", user="bob")
    cat.call("remove_member", group="lab", user="cat")
    assert roles(ann) == {"ann": "owner", "bob": "member"}


def test_the_last_admin_cannot_be_demoted(ann: SessionClient, bob: SessionClient) -> None:
    assert code_of(ann, "demote", group="lab", user="ann") == "last_admin"


def test_a_group_is_transferred(ann: SessionClient, bob: SessionClient) -> None:
    ann.call("transfer_group", group="lab", user="ann")
    assert roles(ann) == {"ann": "owner", "bob": "member"}
    ann.call("transfer_group", group="lab", user="bob")
    assert roles(ann) == {"ann": "admin", "bob": "owner"}
    assert bob.notice()["text"] == "ann made you the owner of lab."
    assert code_of(ann, "transfer_group", group="lab", user="ann") == "permission_denied"


def test_the_longest_standing_admin_inherits(
    ann: SessionClient, bob: SessionClient, sign_up: SignUp
) -> None:
    cat = sign_up("cat")
    let_in(cat, "cat", ann)
    ann.call("promote", group="lab", user="cat")
    assert ann.call("leave_group", group="lab") == {"group": "lab"}
    assert roles(cat) == {"bob": "member", "cat": "owner"}
    assert [cat.notice()["text"] for _ in range(2)] == [
        "ann made you an admin of lab.",
        "ann left lab; cat owns lab now.",
    ]


def test_without_admins_the_longest_standing_member_inherits(
    ann: SessionClient, bob: SessionClient, sign_up: SignUp
) -> None:
    let_in(sign_up("cat"), "cat", ann)
    ann.call("leave_group", group="lab")
    assert roles(bob) == {"bob": "owner", "cat": "member"}
    bob.call("list_requests", group="lab")


def test_an_ordinary_member_leaves(ann: SessionClient, bob: SessionClient) -> None:
    bob.upload("lab", "bobs.bin")
    bob.call("leave_group", group="lab")
    assert roles(ann) == {"ann": "owner"}
    assert ann.call("list_files", group="lab")["files"] == []


def test_a_group_ends_with_its_last_member(ann: SessionClient, eve: SessionClient) -> None:
    info_hash = ann.upload("lab", "x.bin")["info_hash"]
    eve.call("join_group", group="lab")
    ann.call("leave_group", group="lab")
    assert ann.call("list_groups")["groups"] == []
    assert code_of(eve, "join_group", group="lab") == "no_such_group"
    assert code_of(ann, "find_file", info_hash=info_hash) == "no_such_file"

    source = ann.call("create_group", group="lab") and ann.call("get_group", group="lab")["source"]
    eve.call("create_group", group="eves")
    assert ann.call("list_requests", group="lab")["requests"] == []
    assert source != eve.call("get_group", group="eves")["source"]


@pytest.mark.any_database
def test_the_source_is_unique_to_the_group(ann: SessionClient, bob: SessionClient) -> None:
    profile = ann.call("get_group", group="lab")
    assert profile["source"].startswith("minitorrent:")
    assert profile == {**bob.call("get_group", group="lab"), "role": "owner"}
    assert (profile["group"], profile["mode"]) == ("lab", "open")


def test_a_guest_who_owns_a_group_stays_its_owner(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient, connect: Connect
) -> None:
    code = ann.call("create_invite", group="lab")["code"]
    guest = {"user": "gus", "password": "secret123", "invite": code, "guest": True}
    connect(tracker).call("create_user", **guest)
    ann.call("transfer_group", group="lab", user="gus")
    bob.call("leave_group", group="lab")
    members = ann.call("list_members", group="lab")["members"]
    assert {member["user"]: member["role"] for member in members} == {
        "ann": "admin",
        "gus": "owner",
    }
