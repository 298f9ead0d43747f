"""Who may do what in a group."""

from __future__ import annotations

from itertools import product

import pytest

from common.errors import ErrorCode, MinitorrentError
from tracker.domain import rules
from tracker.domain.rules import Member, Role

OWNER, ADMIN, MEMBER = Role.OWNER, Role.ADMIN, Role.MEMBER


@pytest.mark.parametrize("role", list(Role))
def test_members_pass_as_members(role: Role) -> None:
    assert rules.require_member("lab", role) is role
    assert rules.require_subject("lab", "bob", role) is role


def test_non_members_do_not() -> None:
    with pytest.raises(MinitorrentError, match="join_group lab") as raised:
        rules.require_member("lab", None)
    assert raised.value.code is ErrorCode.NOT_MEMBER
    with pytest.raises(MinitorrentError, match="bob is not a member of lab") as raised:
        rules.require_subject("lab", "bob", None)
    assert raised.value.code is ErrorCode.NOT_MEMBER


@pytest.mark.parametrize(
    ("role", "code"), [(None, ErrorCode.NOT_MEMBER), (MEMBER, ErrorCode.NOT_ADMIN)]
)
def test_users_who_are_not_admins(role: Role | None, code: ErrorCode) -> None:
    with pytest.raises(MinitorrentError) as raised:
        rules.require_admin("lab", role)
    assert raised.value.code is code


@pytest.mark.parametrize("role", [OWNER, ADMIN])
def test_owner_and_admins_are_admins(role: Role) -> None:
    assert rules.require_admin("lab", role) is role


def test_rules_for_joining() -> None:
    rules.check_join("lab", None, has_asked=False)
    with pytest.raises(MinitorrentError) as raised:
        rules.check_join("lab", MEMBER, has_asked=False)
    assert raised.value.code is ErrorCode.ALREADY_MEMBER
    with pytest.raises(MinitorrentError) as raised:
        rules.check_join("lab", None, has_asked=True)
    assert raised.value.code is ErrorCode.ALREADY_REQUESTED


def test_deciding_on_a_request() -> None:
    rules.check_request("lab", "bob", has_asked=True)
    with pytest.raises(MinitorrentError) as raised:
        rules.check_request("lab", "bob", has_asked=False)
    assert raised.value.code is ErrorCode.NO_SUCH_REQUEST


@pytest.mark.parametrize(
    ("actor", "subject", "is_self", "allowed"),
    [
        (OWNER, MEMBER, False, True),
        (OWNER, ADMIN, False, True),
        (OWNER, OWNER, True, False),
        (ADMIN, MEMBER, False, True),
        (ADMIN, ADMIN, False, False),
        (ADMIN, ADMIN, True, True),
        (ADMIN, OWNER, False, False),
    ],
)
def test_removal_and_demotion(actor: Role, subject: Role, is_self: bool, allowed: bool) -> None:
    def remove() -> None:
        rules.check_removal("lab", "bob", actor, subject, is_self=is_self)

    def demote() -> None:
        rules.check_demotion("lab", "bob", actor, subject, is_self=is_self, admins=2)

    for act in (remove, demote):
        if allowed:
            act()
        else:
            with pytest.raises(MinitorrentError) as raised:
                act()
            assert raised.value.code is ErrorCode.PERMISSION_DENIED


def test_the_last_admin_is_not_demoted() -> None:
    with pytest.raises(MinitorrentError, match="promote") as raised:
        rules.check_demotion("lab", "ann", OWNER, OWNER, is_self=True, admins=1)
    assert raised.value.code is ErrorCode.LAST_ADMIN


def test_only_the_owner_transfers_the_group() -> None:
    rules.check_transfer("lab", OWNER)
    with pytest.raises(MinitorrentError) as raised:
        rules.check_transfer("lab", ADMIN)
    assert raised.value.code is ErrorCode.PERMISSION_DENIED
    with pytest.raises(MinitorrentError) as raised:
        rules.check_transfer("lab", MEMBER)
    assert raised.value.code is ErrorCode.NOT_ADMIN


def test_the_longest_standing_admin_inherits() -> None:
    members = [Member(1, MEMBER, 1), Member(2, ADMIN, 3), Member(3, ADMIN, 2)]
    assert rules.heir(members) == members[2]


def test_without_admins_the_longest_standing_member_inherits() -> None:
    members = [Member(1, MEMBER, 5), Member(2, MEMBER, 4)]
    assert rules.heir(members) == members[1]


def test_nobody_inherits_from_the_last_member() -> None:
    assert rules.heir([]) is None


def test_every_refusal_is_one_sentence() -> None:
    for actor, subject, admins in product(Role, Role, (1, 2)):
        try:
            rules.check_demotion("lab", "bob", actor, subject, is_self=False, admins=admins)
        except MinitorrentError as error:
            assert "\n" not in error.message
            assert "lab" in error.message


@pytest.mark.parametrize(
    ("role", "is_owner", "may"),
    [(OWNER, False, True), (ADMIN, False, True), (MEMBER, True, True), (MEMBER, False, False)],
)
def test_who_may_remove_a_file_for_everybody(role: Role, is_owner: bool, may: bool) -> None:
    try:
        rules.check_file_removal("lab", "film.mkv", role, is_owner=is_owner)
    except MinitorrentError as error:
        assert error.code is ErrorCode.NOT_ADMIN
        assert "stop_share lab film.mkv" in error.message
        assert not may
    else:
        assert may
