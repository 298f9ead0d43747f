"""Invitations through real processes: one text lets a user into a group, and no other."""

from __future__ import annotations

from pathlib import Path

from tests.contract.sharing import share
from tests.support.programs.processes import ClientProcess, TrackerProcess


def invite(ann: ClientProcess, group: str, *options: str) -> str:
    return str(ann.ok("invite", group, *options)["invitation"])


def enter_and_leave(eve: ClientProcess, invitation: str, group: str) -> None:
    assert eve.ok("join", invitation) == {"group": group, "status": "member"}
    eve.ok("leave_group", group)


def test_an_invited_user_downloads_at_once(
    ann: ClientProcess, eve: ClientProcess, group: str, tmp_path: Path
) -> None:
    path = share(ann, group, tmp_path / "film.bin")
    created = ann.ok("invite", group)
    assert list(created) == ["group", "id", "invitation", "uses", "expires_at"]
    assert (created["group"], created["uses"]) == (group, 1)
    assert eve.ok("join", created["invitation"]) == {"group": group, "status": "member"}
    eve.ok("download_file", group, path.name, f"{tmp_path}/copy.bin")
    eve.ok("wait", "30")
    assert (tmp_path / "copy.bin").read_bytes() == path.read_bytes()
    eve.ok("leave_group", group)
    eve.fails("invite_invalid", "join", created["invitation"])


def test_an_invitation_may_be_pasted_in_any_wrapping(
    ann: ClientProcess, eve: ClientProcess, group: str
) -> None:
    text = invite(ann, group, "--uses", "3")
    enter_and_leave(eve, f"<{text}>", group)
    enter_and_leave(eve, f"  minitorrent:{text[:30]}  {text[30:]} ", group)
    enter_and_leave(eve, text, group)
    eve.fails("invite_invalid", "join", text)


def test_invitations_are_listed_and_revoked(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, group: str
) -> None:
    text = invite(ann, group, "--uses", "5", "--days", "2", "--admin")
    listed = ann.ok("invites", group)
    assert list(listed) == ["group", "invites", "total"]
    [row] = listed["invites"]
    assert list(row) == ["id", "by", "at", "uses_left", "expires_at", "admin"]
    assert (row["by"], row["uses_left"], row["admin"]) == ("ann", 5, True)
    bob.fails("not_admin", "invites", group)
    bob.fails("not_admin", "invite", group)
    bob.fails("not_admin", "revoke_invite", group, str(row["id"]))
    number = row["id"]
    assert ann.ok("revoke_invite", group, str(number)) == {"group": group, "id": number}
    ann.fails("invite_invalid", "revoke_invite", group, str(number))
    eve.fails("invite_invalid", "join", text)
    done = [(row["who"], row["what"]) for row in ann.ok("audit", group, "invite*")["events"]]
    assert done == [("ann", "invite_created"), ("ann", "invite_revoked"), ("eve", "invite_refused")]


def test_invalid_invitations(ann: ClientProcess, nobody: ClientProcess, group: str) -> None:
    text = invite(ann, group)
    nobody.fails("not_logged_in", "join", text)
    ann.fails("already_member", "join", text)
    for wrong in ("mt1", "hello", text[:-5], text.swapcase()):
        ann.fails("invite_invalid", "join", wrong)
    for wrong in ("0", "1001", "x"):
        ann.fails("usage", "invite", group, "--uses", wrong)
    ann.fails("usage", "invite", group, "--days", "366")
    ann.fails("usage", "revoke_invite", group, "first")


def test_a_code_is_not_sent_to_another_tracker(
    ann: ClientProcess, eve: ClientProcess, group: str, tmp_path: Path
) -> None:
    text = invite(ann, group)
    with (
        TrackerProcess(tmp_path / "tracker") as other,
        ClientProcess(tmp_path / "zoe", [other]) as zoe,
    ):
        zoe.sign_in("zoe")
        sentence = zoe.fails("invite_invalid", "join", text)
        assert "which is not the one you are connected to" in sentence
        zoe.ok("create_group", "mine")
        assert [row["what"] for row in zoe.ok("audit", "mine", "invite*")["events"]] == []
    enter_and_leave(eve, text, group)


def test_a_new_account_enters_the_group_at_once(
    ann: ClientProcess, nobody: ClientProcess, group: str
) -> None:
    text = invite(ann, group)
    nobody.fails("invite_invalid", "create_user", "new", "secret123", "--invite", text[:-1])
    created = nobody.ok("create_user", "new", "secret123", "--invite", text)
    assert created == {"user": "new"}
    assert nobody.ok("login", "new", "secret123")["groups"] == [group]
    nobody.ok("logout")


def test_by_invitation_only(tmp_path: Path) -> None:
    with (
        TrackerProcess(tmp_path / "tracker", "--registration", "invited") as tracker,
        ClientProcess(tmp_path / "ann", [tracker]) as ann,
    ):
        sentence = ann.fails("registration_closed", "create_user", "ann", "secret123")
    assert "by invitation only" in sentence
