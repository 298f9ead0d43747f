"""Clients at two trackers act on one group at the same time: as if one after the other."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from common.api.operation import ANYWHERE
from common.api.registry import OPERATIONS
from common.errors import ErrorCode, MinitorrentError
from tests.integration.tracker.group_model import GROUP, OK, Deed, GroupModel
from tests.support.databases.database import empty_database
from tests.support.security.passwords import CHEAP
from tracker.domain.rules import Role
from tracker.domain.secret_box import KEY_BYTES, SecretBox
from tracker.frontend.dispatch import Dispatcher
from tracker.frontend.metrics import Metrics
from tracker.quotas import Quotas
from tracker.services.caller import Caller
from tracker.services.catalogue import Policy, make_services
from tracker.store.engine import Store, open_store
from tracker.store.presence.trackers import Site

USERS = ("ann", "bob", "cat", "dan")
MANY = tuple(f"user{number:02}" for number in range(50))
ALONE = ("create_group", "join_group", "leave_group", "create_invite", "accept_invite")
TO_OTHERS = (
    "accept_request",
    "reject_request",
    "remove_member",
    "promote",
    "demote",
    "set_role",
    "transfer_group",
)
INVITES = range(1, 9)
"""The numbers of invitations in an example: the next one that is created replaces the first."""

DEEDS = st.one_of(
    st.builds(Deed, st.sampled_from(USERS), st.sampled_from(TO_OTHERS), st.sampled_from(USERS)),
    st.builds(
        Deed,
        st.sampled_from(USERS),
        st.sampled_from(ALONE),
        st.just(""),
        st.sampled_from(INVITES),
    ),
)


class Trackers:
    """Two trackers of one database, without sockets; half of the users are at each."""

    def __init__(self, folder: Path, users: Sequence[str]) -> None:
        self.stores: list[Store] = []
        self._now = 1_000_000.0
        self._lock = threading.Lock()
        self._codes: dict[int, str] = {}
        quotas = Quotas(requests_per_second=10**6)
        self._dispatchers = []
        for number in range(2):
            store = open_store(empty_database(folder))
            self.stores.append(store)
            site, safe = Site("127.0.0.1", 7400 + number, None), SecretBox(bytes(KEY_BYTES))
            services = make_services(
                store, self.clock, site, safe, Policy(0, 3600.0, quotas, CHEAP), self.clock
            )
            services.lifecycle.start()
            self._dispatchers.append(Dispatcher(services, Metrics()))
        self._callers = {user: self._login(number, user) for number, user in enumerate(users)}

    def close(self) -> None:
        """Close the connections to the database."""
        for store in self.stores:
            store.close()

    def clock(self) -> float:
        """A clock that never says the same twice."""
        with self._lock:
            self._now += 0.0001
            return self._now

    def pass_time(self) -> None:
        """Let an hour pass, so that no limit on attempts is reached."""
        with self._lock:
            self._now += 3600.0

    def _login(self, number: int, user: str) -> tuple[Dispatcher, Caller]:
        dispatcher = self._dispatchers[number % 2]
        caller = Caller(f"connection {number}", f"10.0.0.{number}", "127.0.0.1")
        dispatcher.call(caller, "create_user", {"user": user, "password": "secret123"})
        dispatcher.call(caller, "login", {"user": user, "password": "secret123"})
        return dispatcher, caller

    def act(self, deed: Deed) -> str:
        """Carry out a deed; return `ok` or the code of its error, which the contract names."""
        dispatcher, caller = self._callers[deed.user]
        try:
            reply = dispatcher.call(caller, deed.what, self._arguments(deed))
        except MinitorrentError as error:
            assert error.code is not ErrorCode.INTERNAL, deed
            assert error.code in OPERATIONS[deed.what].errors | ANYWHERE, (deed, error.code)
            return error.code.value
        if deed.what == "create_invite":
            self._codes[deed.invite] = str(reply.model_dump()["code"])
        return OK

    def _arguments(self, deed: Deed) -> dict[str, Any]:
        if deed.what == "accept_invite":
            return {"code": self._codes.get(deed.invite, f"{deed.invite:022}")}
        arguments: dict[str, Any] = {"group": GROUP}
        if deed.what == "create_group":
            arguments["mode"] = "open"
        if deed.what == "set_role":
            arguments["role"] = "reader"
        if deed.what == "create_invite":
            arguments["uses"] = 1
        return arguments | ({"user": deed.subject} if deed.subject else {})

    def seen(self) -> tuple[list[tuple[str, Role]], set[str]]:
        """Return the group's members in the order of seniority, and who asks to join."""
        with self.stores[0].read() as work:
            group = work.groups.by_name(GROUP)
            if group is None:
                return [], set()
            members = work.groups.members(group.id, "", 0, 1000)
            requests = work.groups.requests(group.id, "", 0, 1000)
        return [(name, member.role) for member, name in members], {one.user for one in requests}

    def delete_group(self) -> None:
        """Delete the group, for the next example."""
        self._codes.clear()
        with self.stores[0].write() as work:
            group = work.groups.by_name(GROUP)
            if group is not None:
                work.groups.delete(group.id)


class Machine(RuleBasedStateMachine):
    """Lets up to three clients act at the same time, and finds an order that explains the result.

    `models` are the states that the group may be in: what anybody can see is the same in all.
    """

    trackers: Trackers
    threads: ThreadPoolExecutor

    def __init__(self) -> None:
        super().__init__()
        self.trackers.delete_group()
        self.models = [GroupModel()]

    @initialize()
    def create(self) -> None:
        self.simultaneously([Deed("ann", "create_group")])
        self.simultaneously([Deed(user, "join_group") for user in USERS[1:]])
        self.simultaneously([Deed("ann", "accept_request", user) for user in USERS[1:3]])

    @rule(deeds=st.lists(DEEDS, min_size=2, max_size=3))
    def simultaneously(self, deeds: list[Deed]) -> None:
        # A code that is created now can't be used at the same time: nobody knows it yet.
        created = {deed.invite for deed in deeds if deed.what == "create_invite"}
        deeds = [
            deed for deed in deeds if deed.what != "accept_invite" or deed.invite not in created
        ]
        deeds = [
            *{
                deed if deed.what != "create_invite" else deed.invite: deed for deed in deeds
            }.values()
        ]
        self.trackers.pass_time()
        outcomes = dict(zip(deeds, self.threads.map(self.trackers.act, deeds), strict=True))
        seen = self.trackers.seen()
        owners = [role for _, role in seen[0] if role is Role.OWNER]
        assert len(owners) == (1 if seen[0] else 0), seen
        found = {
            repr(model): model
            for before in self.models
            for model in _explaining(before, outcomes)
            if model.seen() == seen
        }
        assert found, f"no order of {outcomes} leads from {self.models} to {seen}"
        self.models = list(found.values())


def _explaining(before: GroupModel, outcomes: dict[Deed, str]) -> Iterator[GroupModel]:
    """Yield the states after those orders of deeds in which each has its outcome."""
    for order in itertools.permutations(outcomes):
        model = before.copy()
        if all(model.act(deed) == outcomes[deed] for deed in order):
            yield model


def run_machine(folder: Path, examples: int, steps: int) -> None:
    """Run so many examples, of so many steps each."""
    trackers = Trackers(folder, USERS)
    with ThreadPoolExecutor(3) as threads:
        kind = type("Kind", (Machine,), {"trackers": trackers, "threads": threads})
        run_state_machine_as_test(
            kind,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    trackers.close()


def test_simultaneous_deeds_are_as_good_as_one_after_the_other(tmp_path: Path) -> None:
    run_machine(tmp_path, 5, 10)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_very_many_simultaneous_deeds_of_few(tmp_path: Path) -> None:
    run_machine(tmp_path, 100, 40)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_fifty_clients_at_once(tmp_path: Path) -> None:
    """The group is in order after every round of all clients, and no error is unknown."""
    trackers = Trackers(tmp_path, MANY)
    outcomes: Counter[str] = Counter()
    choice = random.Random(1)
    trackers.act(Deed(MANY[0], "create_group"))
    for number, user in enumerate(MANY[1:30]):
        trackers.act(Deed(user, "join_group"))
        trackers.act(Deed(MANY[0], "accept_request", user))
        if number < 10:
            trackers.act(Deed(MANY[0], "promote", user))
    with ThreadPoolExecutor(len(MANY)) as threads:
        members, requests = trackers.seen()
        for _ in range(100):
            deeds = [_any_deed(choice, user, dict(members), requests) for user in MANY]
            outcomes.update(threads.map(trackers.act, deeds))
            trackers.pass_time()
            members, requests = trackers.seen()
            owners = [name for name, role in members if role is Role.OWNER]
            assert len(owners) == (1 if members else 0), members
            assert not requests & {name for name, _ in members}
    trackers.close()
    assert outcomes[OK] > 500, outcomes


def _any_deed(choice: random.Random, user: str, roles: dict[str, Role], asking: set[str]) -> Deed:
    """Return one that is likely to be possible, as things were before this round, or any."""
    if choice.random() < 0.3:
        what = choice.choice((*ALONE, *TO_OTHERS))
    elif user not in roles:
        what = choice.choice(("join_group", "join_group", "accept_invite", "create_group"))
    elif not roles[user].is_admin:
        what = choice.choice(("leave_group", "promote", "accept_invite"))
    else:
        what = choice.choice((*TO_OTHERS, "accept_request", "accept_request", "create_invite"))
    if what in ALONE:
        return Deed(user, what, "", choice.choice(INVITES))
    is_decision = what in ("accept_request", "reject_request")
    return Deed(user, what, choice.choice(sorted(asking if is_decision else roles) or MANY))
