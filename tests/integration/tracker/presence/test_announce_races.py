"""Announces of one client at two trackers at once, and while what they are about ends.

Each tracker has its own connections to the database, so on PostgreSQL they write side by side.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from common.api import accounts, groups, presence
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash
from tests.integration.tracker.lab import ADDRESS, Lab
from tests.support.databases.database import empty_database
from tests.support.together import run_together
from tracker.domain.secret_box import KEY_BYTES, SecretBox
from tracker.quotas import Quotas
from tracker.services.caller import Caller
from tracker.services.catalogue import Policy, Services, make_services
from tracker.store.engine import open_store
from tracker.store.presence.trackers import Site

ROUNDS = 12
PEER = b"-LT20B0-%012d" % 1


class Other:
    """Another tracker on the database of a lab."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.store = open_store(empty_database(folder))
        site, box = Site("127.0.0.1", 7500, 7501), SecretBox(bytes(KEY_BYTES))
        policy = Policy(0, 3600.0, Quotas())
        self.services = make_services(self.store, lab.clock, site, box, policy, steady=lab.clock)
        self.services.lifecycle.start()


@pytest.fixture
def other(lab: Lab, tmp_path: Path) -> Iterator[Other]:
    other = Other(lab, tmp_path)
    yield other
    other.store.close()


def at_once(*acts: Callable[[], object]) -> list[MinitorrentError]:
    """Run these in threads, started together; return how they were refused."""
    barrier = threading.Barrier(len(acts))
    refusals: list[MinitorrentError] = []
    failures: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        barrier.wait(30)
        try:
            act()
        except MinitorrentError as error:
            refusals.append(error)
        except BaseException as error:
            failures.append(error)

    run_together([partial(run, act) for act in acts])
    assert not failures
    return refusals


def at(services: Services, lab: Lab) -> Lab:
    """The same lab, at another tracker."""
    copy = object.__new__(Lab)
    copy.__dict__.update(lab.__dict__)
    copy.services = services
    copy._number = 1_000_000  # connections have other names there
    return copy


def test_a_stock_client_announces_to_both_trackers_at_once(lab: Lab, other: Other) -> None:
    key, there = lab.member("bob"), at(other.services, lab)
    for number in range(ROUNDS):
        info_hash = lab.share(f"{number}.bin")
        for event in ("started", "completed", "none"):
            refused = at_once(
                *(
                    partial(one.stock, key, info_hash, PEER, event=event)
                    for one in (lab, there, lab, there)
                )
            )
            assert refused == []
        assert lab.seeders(info_hash) == 1
        assert lab.completed(info_hash, key) == 1


def test_a_client_announces_again_after_a_failover(lab: Lab, other: Other) -> None:
    """While its announce at the lost tracker is still recorded, and its connection there ends."""
    lab.member("bob")
    hashes = [lab.share(f"{number}.bin") for number in range(3)]
    for _ in range(ROUNDS):
        before = lab.client("bob")
        after = at(other.services, lab).client("bob")
        refused = at_once(
            partial(before.announce, *hashes, left=1),
            partial(after.announce, *hashes, left=1),
            before.drop,
            partial(after.announce, *reversed(hashes), left=2),
        )
        assert {error.code for error in refused} <= {ErrorCode.NOT_LOGGED_IN}
        assert len(refused) <= 1, "only the lost connection's announce may be refused"
        (file,) = after.announce(hashes[0], left=1)
        assert (file.error, file.incomplete) == (None, 1)
        after.drop()


def test_clients_of_one_user_at_two_trackers(lab: Lab, other: Other) -> None:
    lab.member("bob")
    hashes = [lab.share(f"{number}.bin") for number in range(3)]
    clients = [
        one.client("bob", peer_id=b"%020d" % number)
        for number, one in enumerate([lab, at(other.services, lab)] * 2)
    ]
    for left in range(1, ROUNDS):
        refused = at_once(
            *(
                partial(client.announce, *hashes, left=left, port=1000 + n)
                for n, client in enumerate(clients)
            )
        )
        assert refused == []
    (file,) = lab.ann.announce(hashes[0], left=1, port=0)
    assert file.incomplete == len(clients) + 1


def test_no_peer_of_a_removed_member_is_left(lab: Lab, other: Other) -> None:
    key, there = lab.member("bob"), at(other.services, lab)
    info_hash = lab.share("x.bin")
    for number in range(ROUNDS):
        client = there.client("bob")
        refused = at_once(
            partial(client.announce, info_hash, left=1),
            partial(there.stock, key, info_hash, PEER, left=number),
            partial(lab.remove, "bob"),
            partial(lab.stock, key, info_hash, PEER, left=number + 1),
        )
        assert {error.code for error in refused} <= {ErrorCode.NOT_MEMBER, ErrorCode.NO_SUCH_FILE}
        assert lab.swarm(info_hash) == set()
        assert lab.services.announces.count_peers() == 0
        client.drop()
        key = enter_again(lab, "bob")


def enter_again(lab: Lab, user: str) -> str:
    """Let a removed member in again; return the new announce key."""
    caller = Caller(f"connection {lab.number()}", ADDRESS, "127.0.0.1")
    login = accounts.Login(user=user, password="secret123", peer_id="22" * 20, port=1)
    lab.services.logins.login(caller, login)
    lab.services.requests.join_group(caller.require_login(), groups.JoinGroup(group="lab"))
    lab.services.requests.accept_request(
        lab.ann.caller.require_login(), groups.AcceptRequest(group="lab", user=user)
    )
    key = lab.services.keys.announce_key(caller, presence.AnnounceKey(group="lab")).key
    lab.services.logins.disconnect(caller)
    return key


def test_a_file_is_removed_while_it_is_announced(lab: Lab, other: Other) -> None:
    key, there = lab.member("bob"), at(other.services, lab)
    client = there.client("bob")
    for number in range(ROUNDS):
        kept, info_hash = lab.share(f"kept {number}"), lab.share(f"{number}.bin")
        refused = at_once(
            partial(client.announce, kept, info_hash, left=1),
            partial(lab.stock, key, info_hash, PEER, left=1),
            partial(lab.remove_file, f"{number}.bin"),
        )
        assert {error.code for error in refused} <= {ErrorCode.NO_SUCH_FILE}
        (here,) = client.announce(kept, left=1)
        assert (here.error, here.incomplete) == (None, 1)
        (answer,) = client.announce(info_hash, left=1)
        assert answer.error is not None
        assert answer.error.removed


def test_many_clients_announce_at_once(lab: Lab, info_hashes: list[InfoHash]) -> None:
    """Their writes are committed together; one that fails leaves the others alone."""
    lab.member("bob")
    clients = [lab.client("bob", peer_id=b"%020d" % number) for number in range(8)]
    clients[3].drop()
    gone, callers = clients[3], [client.caller for client in clients]
    gone.caller = Caller("gone", ADDRESS, "127.0.0.1", callers[0].identity)
    refused = at_once(
        *(
            partial(client.announce, *info_hashes, left=1, port=1000 + n)
            for n, client in enumerate(clients)
        )
    )
    assert refused == []
    (file,) = lab.ann.announce(info_hashes[0], left=1, port=0)
    assert file.incomplete == 1 + len(clients) - 1


@pytest.fixture
def info_hashes(lab: Lab) -> list[InfoHash]:
    return [lab.share(f"{number}.bin") for number in range(3)]
