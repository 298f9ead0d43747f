"""What uploaders, members and readers may do, through real connections."""

from __future__ import annotations

import pytest

from tests.integration.tracker.groups.test_groups import SignUp
from tests.integration.tracker.sessions import RefusedError, SessionClient, code_of

SET = {"group": "lab", "user": "bob"}


def roles(client: SessionClient, *, all_roles: bool = True) -> dict[str, str]:
    members = client.call("list_members", group="lab", all_roles=all_roles)["members"]
    return {member["user"]: member["role"] for member in members}


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("admin", "ann made you an admin of lab."),
        ("uploader", "ann made you an uploader of lab."),
        ("reader", "ann made you a reader of lab."),
    ],
)
def test_an_admin_gives_a_role(
    ann: SessionClient, bob: SessionClient, role: str, text: str
) -> None:
    assert ann.call("set_role", **SET, role=role) == {**SET, "role": role}
    assert ann.call("set_role", **SET, role=role) == {**SET, "role": role}
    assert roles(bob) == {"ann": "owner", "bob": role}
    assert bob.call("get_group", group="lab", all_roles=True)["role"] == role
    assert bob.notice(kind="role_changed")["text"] == text
    assert [row["what"] for row in ann.call("list_events", group="lab")["events"]][-1] == {
        "admin": "member_promoted",
        "uploader": "uploader_made",
        "reader": "reader_made",
    }[role]


def test_clients_that_know_three_roles_are_told_of_three(
    ann: SessionClient, bob: SessionClient
) -> None:
    for role in ("uploader", "reader"):
        ann.call("set_role", **SET, role=role)
        assert roles(ann, all_roles=False) == {"ann": "owner", "bob": "member"}
        assert bob.call("get_group", group="lab")["role"] == "member"
        source = bob.call("get_group", group="lab")["source"]
        assert bob.call("find_group", source=source)["role"] == "member"


def test_promote_and_demote_know_all_roles(ann: SessionClient, bob: SessionClient) -> None:
    ann.call("set_role", **SET, role="reader")
    ann.call("demote", **SET)
    assert roles(ann)["bob"] == "reader", "a demotion gives no rights"
    ann.call("promote", **SET)
    assert roles(ann)["bob"] == "admin"
    ann.call("set_role", **SET, role="uploader")
    ann.call("demote", **SET)
    assert roles(ann)["bob"] == "member"


def test_a_reader_downloads_and_seeds_but_adds_nothing(
    ann: SessionClient, bob: SessionClient
) -> None:
    file = ann.upload("lab", "film.mkv")
    own = bob.upload("lab", "bobs.bin")
    ann.call("set_role", **SET, role="reader")
    with pytest.raises(RefusedError, match="permission_denied: You are a reader in lab; ask"):
        bob.upload("lab", "other.bin")
    assert "set_role lab bob uploader" in bob.call("get_group", group="lab")["refusal"]
    assert bob.call("get_file", group="lab", name="film.mkv")["info_hash"] == file["info_hash"]
    for info_hash in (file["info_hash"], own["info_hash"]):
        bob.announce(info_hash, 0)
    rows = ann.call("list_files", group="lab")["files"]
    assert {row["name"]: row["seeders"] for row in rows} == {"film.mkv": 1, "bobs.bin": 1}
    bob.upload("lab", "film.mkv")  # what the group has already
    assert code_of(bob, "remove_file", group="lab", name="bobs.bin") == "not_admin"
    bob.call("stop_share", group="lab", name="bobs.bin")


def test_a_group_can_reserve_uploads(ann: SessionClient, bob: SessionClient) -> None:
    assert code_of(bob, "set_upload", group="lab", upload="uploaders") == "not_admin"
    answer = ann.call("set_upload", group="lab", upload="uploaders")
    assert answer == {"group": "lab", "upload": "uploaders"}
    with pytest.raises(RefusedError, match="Only uploaders and admins add files in lab"):
        bob.upload("lab", "bobs.bin")
    assert bob.call("get_group", group="lab")["upload"] == "uploaders"
    ann.upload("lab", "anns.bin")
    ann.call("set_role", **SET, role="uploader")
    bob.upload("lab", "bobs.bin")
    bob.call("remove_file", group="lab", name="bobs.bin")
    ann.call("demote", **SET)
    ann.call("set_upload", group="lab", upload="members")
    ann.call("set_upload", group="lab", upload="members")
    bob.upload("lab", "bobs.bin")
    changes = [
        row["what"] for row in ann.call("list_events", group="lab", pattern="upload_")["events"]
    ]
    assert changes == ["upload_limited", "upload_opened"]


def test_uploaders_and_readers_manage_nobody(
    ann: SessionClient, bob: SessionClient, eve: SessionClient
) -> None:
    eve.call("join_group", group="lab")
    for role in ("uploader", "reader"):
        ann.call("set_role", **SET, role=role)
        assert code_of(bob, "set_role", **SET, role="admin") == "not_admin"
        assert code_of(bob, "list_requests", group="lab") == "not_admin"
        assert code_of(bob, "accept_request", group="lab", user="eve") == "not_admin"
        assert code_of(bob, "create_invite", group="lab") == "not_admin"
        assert code_of(bob, "list_events", group="lab") == "not_admin"
        assert [row.get("requests") for row in bob.call("list_groups")["groups"]] == [None]
    assert code_of(ann, "set_role", group="lab", user="ann", role="reader") == "last_admin"
    assert code_of(ann, "set_role", **SET, role="owner") == "usage"
    assert code_of(ann, "set_role", group="lab", user="eve", role="reader") == "not_member"


def test_a_new_role_below_ends_an_admins_invitations(
    ann: SessionClient, bob: SessionClient, eve: SessionClient
) -> None:
    ann.call("promote", **SET)
    code = bob.call("create_invite", group="lab")["code"]
    ann.call("set_role", **SET, role="uploader")
    assert code_of(eve, "accept_invite", code=code) == "invite_invalid"


@pytest.mark.parametrize("role", ["uploader", "member", "reader"])
def test_an_invitation_gives_a_role(ann: SessionClient, eve: SessionClient, role: str) -> None:
    made = ann.call("create_invite", group="lab", role=role)
    assert made.get("role", "member") == role
    (row,) = ann.call("list_invites", group="lab")["invites"]
    assert (row["admin"], row.get("role", "member")) == (False, role)
    eve.call("accept_invite", code=made["code"])
    assert roles(ann) == {"ann": "owner", "eve": role}


def test_the_highest_role_inherits(ann: SessionClient, bob: SessionClient, sign_up: SignUp) -> None:
    ann.call("set_role", **SET, role="reader")
    cat = sign_up("cat")
    code = ann.call("create_invite", group="lab", role="uploader")["code"]
    cat.call("accept_invite", code=code)
    ann.call("leave_group", group="lab")
    assert roles(bob) == {"bob": "reader", "cat": "owner"}
    cat.call("leave_group", group="lab")
    assert roles(bob) == {"bob": "owner"}
