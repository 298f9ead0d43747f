"""Invitations that give a role, from trackers that know roles and others."""

from __future__ import annotations

from typing import cast

import pytest

from client.membership.account import Account
from client.membership.known_trackers import KnownTrackers
from client.net.tracker.tracker_client import TrackerClient
from client.notices import Notices
from client.services.invitations import InvitationService
from common.api.groups import GivenRole
from common.api.operation import Operation, ReplyT, RequestT
from common.errors import ErrorCode, MinitorrentError


class Tracker:
    """Creates and revokes invitations; an old one ignores roles. It has no certificate."""

    def __init__(self, *, is_old: bool) -> None:
        self._is_old = is_old
        self.asked: list[tuple[str, dict[str, object]]] = []

    def call(self, operation: Operation[RequestT, ReplyT], **arguments: object) -> ReplyT:
        operation.read_request(arguments)
        self.asked.append((operation.name, arguments))
        reply = {"group": "lab", "id": 7}
        if operation.name == "create_invite":
            reply |= {"code": "c" * 22, "uses": 1, "expires_at": "2026-01-09T03:04:05Z"}
            if not self._is_old and "role" in arguments:
                reply["role"] = str(arguments["role"])
        return operation.read_reply(reply)

    def states(self) -> list[object]:
        return []


def service(tracker: Tracker) -> InvitationService:
    nothing = cast(Account, None), cast(Notices, None)
    of_trackers = cast(TrackerClient, tracker), cast(KnownTrackers, None)
    return InvitationService(*nothing, tracker, *of_trackers)


@pytest.mark.parametrize("role", ["admin", "uploader", "member", "reader"])
def test_an_invitation_gives_a_role(role: GivenRole) -> None:
    tracker = Tracker(is_old=False)
    assert service(tracker).create("lab", role=role).id == 7
    ((_, asked),) = tracker.asked
    assert asked["admin"] is (role == "admin")
    assert asked.get("role", "admin") == role


@pytest.mark.parametrize("role", ["admin", "member"])
def test_old_trackers_know_two_roles(role: GivenRole) -> None:
    assert service(Tracker(is_old=True)).create("lab", role=role).id == 7


def test_an_invitation_that_would_give_more_is_revoked() -> None:
    tracker = Tracker(is_old=True)
    with pytest.raises(MinitorrentError, match="too old for the role reader") as raised:
        service(tracker).create("lab", role="reader")
    assert raised.value.code is ErrorCode.USAGE
    assert [name for name, _ in tracker.asked] == ["create_invite", "revoke_invite"]
