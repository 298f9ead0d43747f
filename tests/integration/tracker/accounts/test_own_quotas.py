"""Quotas that the operator gave one user or group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from common.api import groups
from common.errors import ErrorCode, MinitorrentError
from tests.integration.tracker.conftest import Connect
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import RefusedError, SessionClient, let_in
from tests.support.databases.database import empty_database
from tests.support.together import run_together
from tracker.app import TrackerApp
from tracker.domain.quota import Quota
from tracker.services.quotas import QuotaService
from tracker.store.engine import open_store

CONTENT = b"content"
"""What SessionClient.upload shares."""


@pytest.fixture
def quotas(lab: Lab) -> QuotaService:
    """The operator's view of the lab's quotas."""
    return QuotaService(lab.database, lab.clock)


@pytest.fixture
def of_tracker(tracker: TrackerApp, tmp_path: Path) -> Iterator[QuotaService]:
    """The operator's view of the running tracker's quotas, from another process."""
    store = open_store(empty_database(tmp_path))
    yield QuotaService(store, store.clock)
    store.close()


def refusal(act: Callable[[], object]) -> str:
    """Return why an act is refused, which must be for a quota."""
    with pytest.raises(MinitorrentError) as raised:
        act()
    assert raised.value.code is ErrorCode.QUOTA_EXCEEDED
    return raised.value.message


def test_a_user_has_an_own_quota_of_files(lab: Lab, quotas: QuotaService) -> None:
    quotas.set_for_user("ann", Quota(files=1))
    lab.share("a")
    assert "at most 1 files from ann and has 1" in refusal(lambda: lab.share("b"))
    quotas.set_for_user("ann", Quota(files=2))
    lab.share("b")
    quotas.clear_for_user("ann")
    lab.share("c")


def test_bytes_are_those_of_all_files(lab: Lab, quotas: QuotaService) -> None:
    lab.share("12345")  # its content is its name
    quotas.set_for_user("ann", Quota(bytes=8))
    assert "8 B from ann and has 5 B, and this is 4 B" in refusal(lambda: lab.share("1234"))
    lab.share("123")
    quotas.clear_for_user("ann")
    quotas.set_for_group("lab", Quota(bytes=10))
    assert "10 B in lab and has 8 B, and this is 4 B" in refusal(lambda: lab.share("6789"))
    lab.share("67")


def test_a_group_has_an_own_quota_of_files_and_members(lab: Lab, quotas: QuotaService) -> None:
    quotas.set_for_group("lab", Quota(files=1, members=2))
    lab.share("a")
    assert "at most 1 files in lab" in refusal(lambda: lab.share("b"))
    lab.member("bob")
    assert "at most 2 members in lab and has 2" in refusal(lambda: lab.member("cat"))
    ann = lab.ann.caller.require_login()
    lab.services.members.remove_member(ann, groups.RemoveMember(group="lab", user="bob"))
    request = groups.AcceptRequest(group="lab", user="cat")
    lab.services.requests.accept_request(ann, request)


def test_as_many_requests_are_accepted_as_there_is_room_for(lab: Lab, quotas: QuotaService) -> None:
    """The oldest first; if somebody is named, all are accepted or none."""
    for name in ("dan", "cat", "bob"):
        lab.ask(name)
    quotas.set_for_group("lab", Quota(members=3))
    ann, requests = lab.ann.caller.require_login(), lab.services.requests
    named = groups.AcceptRequests(group="lab", users=["bob", "cat", "dan"])
    assert "at most 3 members" in refusal(lambda: requests.accept_requests(ann, named))
    reply = requests.accept_requests(ann, groups.AcceptRequests(group="lab"))
    assert (reply.users, reply.left) == (["dan", "cat"], 1)
    everybody = groups.AcceptRequests(group="lab")
    assert "has 3" in refusal(lambda: requests.accept_requests(ann, everybody))


def test_quotas_are_reported_with_what_counts_towards_them(lab: Lab, quotas: QuotaService) -> None:
    lab.share("123")
    assert quotas.of_user("ann").own == Quota()
    assert quotas.of_user("ann").used == Quota(files=1, bytes=3)
    quotas.set_for_group("lab", Quota(files=5))
    quotas.set_for_group("lab", Quota(members=6))
    report = quotas.of_group("lab")
    assert report.own == Quota(files=5, members=6)
    assert report.used == Quota(files=1, bytes=3, members=1)
    quotas.clear_for_group("lab")
    assert quotas.of_group("lab").own == Quota()


def test_unknown_users_and_groups_have_no_quota(quotas: QuotaService) -> None:
    for act in (quotas.of_user, quotas.clear_for_user):
        with pytest.raises(MinitorrentError) as raised:
            act("eve")
        assert raised.value.code is ErrorCode.NO_SUCH_USER
    for of_group in (quotas.of_group, quotas.clear_for_group):
        with pytest.raises(MinitorrentError) as raised:
            of_group("den")
        assert raised.value.code is ErrorCode.NO_SUCH_GROUP


def test_an_invitation_lets_nobody_into_a_full_group(
    of_tracker: QuotaService, ann: SessionClient, eve: SessionClient
) -> None:
    of_tracker.set_for_group("lab", Quota(members=1))
    invite = ann.call("create_invite", group="lab")
    with pytest.raises(RefusedError, match=r"quota_exceeded.*at most 1 members in lab"):
        eve.call("accept_invite", code=invite["code"])
    of_tracker.clear_for_group("lab")
    eve.call("accept_invite", code=invite["code"])


def test_simultaneous_uploads_do_not_exceed_a_quota(
    tracker: TrackerApp, of_tracker: QuotaService, connect: Connect, ann: SessionClient
) -> None:
    members = [connect(tracker).sign_up(f"user{number}") for number in range(4)]
    for number, member in enumerate(members):
        let_in(member, f"user{number}", ann)
    of_tracker.set_for_group("lab", Quota(bytes=5 * len(CONTENT)))
    refused: list[str] = []

    def upload(client: SessionClient, number: int) -> None:
        for count in range(3):
            try:
                client.upload("lab", f"{number}-{count}", CONTENT)
            except RefusedError as error:
                refused.append(error.code)

    run_together([partial(upload, client, number) for number, client in enumerate(members)])
    assert refused == ["quota_exceeded"] * 7
    assert of_tracker.of_group("lab").used.bytes == 5 * len(CONTENT)
