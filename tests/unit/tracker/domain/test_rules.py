"""Who may do what in a group."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorCode, MinitorrentError
from tracker.domain import rules
from tracker.domain.rules import Member, Role, Upload

OWNER, ADMIN, MEMBER = Role.OWNER, Role.ADMIN, Role.MEMBER
UPLOADER, READER = Role.UPLOADER, Role.READER


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
    ("role", "code"),
    [
        (None, ErrorCode.NOT_MEMBER),
        *((role, ErrorCode.NOT_ADMIN) for role in (UPLOADER, MEMBER, READER)),
    ],
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


ADDS = [(OWNER, True, True), (ADMIN, True, True), (UPLOADER, True, True), (MEMBER, True, False)]


@pytest.mark.parametrize(("role", "in_usual", "in_limited"), [*ADDS, (READER, False, False)])
def test_who_adds_files(role: Role, in_usual: bool, in_limited: bool) -> None:
    for upload, may in ((Upload.MEMBERS, in_usual), (Upload.UPLOADERS, in_limited)):
        assert upload.includes(role) == may
        if may:
            rules.check_upload("lab", "bob", role, upload)
        else:
            with pytest.raises(MinitorrentError, match="set_role lab bob uploader") as raised:
                rules.check_upload("lab", "bob", role, upload)
            assert raised.value.code is ErrorCode.PERMISSION_DENIED


@given(st.sampled_from(Role), st.sampled_from(Role), st.sampled_from(Upload))
def test_a_higher_role_may_no_less(one: Role, other: Role, upload: Upload) -> None:
    if one.rank <= other.rank:
        assert upload.includes(one) >= upload.includes(other)
        assert one.is_admin >= other.is_admin


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("upload", list(Upload))
@pytest.mark.parametrize("is_owner", [False, True])
def test_who_may_remove_a_file_for_everybody(role: Role, upload: Upload, is_owner: bool) -> None:
    may = role.is_admin or (is_owner and upload.includes(role))
    try:
        rules.check_file_removal("lab", "film.mkv", role, upload, is_owner=is_owner)
    except MinitorrentError as error:
        assert error.code is ErrorCode.NOT_ADMIN
        assert "stop_share lab film.mkv" in error.message
        assert not may
    else:
        assert may


@pytest.mark.parametrize(
    ("actor", "subject", "role", "is_self", "code"),
    [
        (ADMIN, MEMBER, READER, False, None),
        (ADMIN, READER, UPLOADER, False, None),
        (ADMIN, UPLOADER, ADMIN, False, None),
        (ADMIN, ADMIN, READER, True, None),
        (ADMIN, ADMIN, READER, False, ErrorCode.PERMISSION_DENIED),
        (ADMIN, OWNER, READER, False, ErrorCode.PERMISSION_DENIED),
        (ADMIN, OWNER, ADMIN, False, ErrorCode.PERMISSION_DENIED),
        (OWNER, ADMIN, UPLOADER, False, None),
        (OWNER, OWNER, MEMBER, True, ErrorCode.PERMISSION_DENIED),
        (OWNER, OWNER, ADMIN, True, ErrorCode.PERMISSION_DENIED),
    ],
)
def test_who_gives_which_role(
    actor: Role, subject: Role, role: Role, is_self: bool, code: ErrorCode | None
) -> None:
    def give(admins: int) -> None:
        rules.check_new_role("lab", "bob", actor, subject, role, is_self=is_self, admins=admins)

    if code is None:
        give(2)
        return
    with pytest.raises(MinitorrentError) as raised:
        give(2)
    assert raised.value.code is code


def test_the_last_admin_gets_no_lower_role() -> None:
    with pytest.raises(MinitorrentError) as raised:
        rules.check_new_role("lab", "ann", OWNER, OWNER, READER, is_self=True, admins=1)
    assert raised.value.code is ErrorCode.LAST_ADMIN


def test_the_highest_role_inherits() -> None:
    members = [Member(1, READER, 1), Member(2, MEMBER, 2), Member(3, UPLOADER, 3)]
    assert rules.heir(members) == members[2]
    assert rules.heir(members[:2]) == members[1]
    assert rules.heir(members[:1]) == members[0]
