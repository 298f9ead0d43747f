"""Invitations through real connections: created, used, refused, and all of it in the audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from common.api.invitations import CreateInvite
from common.errors import MinitorrentError
from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import SessionClient, code_of, let_in
from tracker.quotas import Quotas
from tracker.services.groups.invitations import WRONG_CODES_PER_HOUR

SignUp = Callable[[str], SessionClient]


def invite(client: SessionClient, **options: Any) -> str:
    return str(client.call("create_invite", group="lab", **options)["code"])


def accept(client: SessionClient, code: str) -> Any:
    return client.call("accept_invite", code=code)


def refusal(client: SessionClient, code: str) -> str:
    return code_of(client, "accept_invite", code=code)


def audit(client: SessionClient) -> list[tuple[str, str, str]]:
    rows = client.call("list_events", group="lab")["events"]
    return [(row["who"], row["what"], row["subject"]) for row in rows]


def roles(client: SessionClient) -> dict[str, str]:
    members = client.call("list_members", group="lab")["members"]
    return {member["user"]: member["role"] for member in members}


def test_an_invitation_admits_a_user_at_once(ann: SessionClient, eve: SessionClient) -> None:
    created = ann.call("create_invite", group="lab")
    assert (created["group"], created["uses"]) == ("lab", 1)
    assert accept(eve, created["code"]) == {"group": "lab", "status": "member"}
    assert roles(eve) == {"ann": "owner", "eve": "member"}
    notice = ann.notice()
    assert (notice["kind"], notice["subject"]) == ("invite_used", "eve")
    assert notice["text"] == f"eve joined lab by invitation {created['id']} of ann."
    number = str(created["id"])
    assert ("ann", "invite_created", number) in audit(ann)
    assert ("eve", "invite_used", "eve") in audit(ann)


def test_an_invitation_works_as_often_as_it_says(ann: SessionClient, sign_up: SignUp) -> None:
    code = invite(ann, uses=2)
    one, two, three = (sign_up(user) for user in ("one", "two", "three"))
    accept(one, code)
    [row] = ann.call("list_invites", group="lab")["invites"]
    assert (row["by"], row["uses_left"], row["admin"]) == ("ann", 1, False)
    accept(two, code)
    assert ann.call("list_invites", group="lab")["invites"] == []
    assert refusal(three, code) == "invite_invalid"
    assert ("three", "invite_refused", str(row["id"])) in audit(ann)


def test_a_member_uses_up_nothing(ann: SessionClient, bob: SessionClient, sign_up: SignUp) -> None:
    code = invite(ann)
    assert refusal(bob, code) == "already_member"
    assert accept(sign_up("cat"), code)["status"] == "member"


def test_an_invitation_ends_when_it_is_revoked(ann: SessionClient, eve: SessionClient) -> None:
    created = ann.call("create_invite", group="lab", uses=5)
    number = created["id"]
    assert ann.call("revoke_invite", group="lab", id=number) == {"group": "lab", "id": number}
    assert refusal(eve, created["code"]) == "invite_invalid"
    assert code_of(ann, "revoke_invite", group="lab", id=number) == "invite_invalid"
    assert ("ann", "invite_revoked", str(number)) in audit(ann)


def test_an_admins_invitation_makes_admins(ann: SessionClient, eve: SessionClient) -> None:
    accept(eve, invite(ann, admin=True))
    assert roles(eve)["eve"] == "admin"


@pytest.mark.parametrize("operation", ["create_invite", "list_invites", "revoke_invite"])
def test_only_admins_manage_invitations(
    ann: SessionClient, bob: SessionClient, sign_up: SignUp, operation: str
) -> None:
    more = {"id": 1} if operation == "revoke_invite" else {}
    assert code_of(bob, operation, group="lab", **more) == "not_admin"
    assert code_of(sign_up("eve"), operation, group="lab", **more) == "not_member"


def test_a_removed_member_does_not_return_by_an_old_invitation(
    ann: SessionClient, bob: SessionClient
) -> None:
    code = invite(ann, uses=9)
    ann.call("remove_member", group="lab", user="bob")
    assert refusal(bob, code) == "invite_invalid"
    assert [who for who, what, _ in audit(ann) if what == "invite_refused"] == ["bob"]
    accept(bob, invite(ann))  # an admin wants it so
    assert roles(bob)["bob"] == "member"


def test_an_accepted_request_makes_up_for_a_removal(ann: SessionClient, bob: SessionClient) -> None:
    code = invite(ann, uses=9)
    ann.call("remove_member", group="lab", user="bob")
    assert bob.notice()["kind"] == "member_removed"
    let_in(bob, "bob", ann)
    bob.call("leave_group", group="lab")
    assert accept(bob, code)["status"] == "member"


@pytest.mark.parametrize("end", ["remove_member", "demote", "leave_group"])
def test_an_invitation_ends_with_its_admins_rights(
    ann: SessionClient, bob: SessionClient, sign_up: SignUp, end: str
) -> None:
    ann.call("promote", group="lab", user="bob")
    code = invite(bob, uses=9)
    if end == "leave_group":
        bob.call("leave_group", group="lab")
    else:
        ann.call(end, group="lab", user="bob")
    assert refusal(sign_up("eve"), code) == "invite_invalid"


def test_guessing_is_audited_and_limited(ann: SessionClient, bob: SessionClient) -> None:
    for guess in range(WRONG_CODES_PER_HOUR):
        assert refusal(bob, f"guess{guess}") == "invite_invalid"
    code = invite(ann)
    assert refusal(bob, code) == "too_many_attempts"
    assert ("bob", "invite_refused", "bob") in audit(ann)


def test_an_invitation_expires(lab: Lab) -> None:
    invitations, week = lab.services.invitations, 7 * 24 * 3600.0
    me = lab.ann.caller.require_login()
    code = invitations.create_invite(me, CreateInvite(group="lab")).code
    lab.now += week - 1
    invitations.check(code, "eve", "10.0.0.5")
    lab.now += 1
    with pytest.raises(MinitorrentError, match="not valid any more"):
        invitations.check(code, "eve", "10.0.0.5")


def test_a_groups_invitations_have_a_limit(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(group_invites=2))
    ann = connect(tracker).sign_up("ann")
    ann.call("create_group", group="lab", mode="open")
    invite(ann)
    number = ann.call("create_invite", group="lab")["id"]
    assert code_of(ann, "create_invite", group="lab") == "quota_exceeded"
    ann.call("revoke_invite", group="lab", id=number)
    invite(ann)


def test_an_account_by_invitation_is_a_member(
    start_tracker: StartTracker, connect: Connect
) -> None:
    ann = connect(start_tracker()).sign_up("ann")
    ann.call("create_group", group="lab", mode="open")
    eve = connect(start_tracker(by_invitation_only=True))
    account = {"user": "eve", "password": "secret123"}
    assert code_of(eve, "create_user", **account) == "registration_closed"
    assert code_of(eve, "create_user", **account, invite="guess") == "invite_invalid"
    code = invite(ann)
    assert eve.call("create_user", **account, invite=code)["group"] == "lab"
    assert code_of(eve, "create_user", user="eve2", password="secret123", invite=code) == (
        "invite_invalid"
    )
    eve.call("login", **account)
    assert roles(eve)["eve"] == "member"


def test_a_guests_account_ends_with_the_group(
    ann: SessionClient, sign_up: SignUp, connect: Connect, tracker: Any
) -> None:
    code = invite(ann)
    guest = connect(tracker)
    account = {"user": "guest1", "password": "secret123"}
    assert code_of(guest, "create_user", **account, guest=True) == "registration_closed"
    guest.call("create_user", **account, invite=code, guest=True)
    guest.call("login", **account)
    assert roles(guest)["guest1"] == "member"
    ann.call("leave_group", group="lab")  # a guest doesn't inherit a group
    assert code_of(connect(tracker), "login", **account) == "bad_credentials"
    assert sign_up("guest1").call("list_groups")["groups"] == []
