"""A group's whole life, in any order of deeds: the rules keep it in order."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.errors import ErrorCode, MinitorrentError
from tracker.domain import rules
from tracker.domain.rules import Member, Role

USERS = st.integers(1, 5)


class GroupMachine(RuleBasedStateMachine):
    """Applies allowed actions, as the services do, to a group in two dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.roles: dict[int, Role] = {}
        self.since: dict[int, int] = {}
        self.requests: set[int] = set()
        self.clock = 0

    @initialize(user=USERS)
    def create(self, user: int) -> None:
        self._enter(user, Role.OWNER)

    def _enter(self, user: int, role: Role) -> None:
        self.clock += 1
        self.roles[user] = role
        self.since[user] = self.clock

    def _pair(self, actor: int, subject: int) -> tuple[Role, Role]:
        role = rules.require_admin("lab", self.roles.get(actor))
        return role, rules.require_subject("lab", str(subject), self.roles.get(subject))

    @rule(user=USERS)
    def join(self, user: int) -> None:
        try:
            rules.check_join("lab", self.roles.get(user), user in self.requests)
        except MinitorrentError as error:
            assert (error.code is ErrorCode.ALREADY_MEMBER) == (user in self.roles)
        else:
            self.requests.add(user)

    @rule(actor=USERS, user=USERS, accepted=st.booleans())
    def decide(self, actor: int, user: int, accepted: bool) -> None:
        try:
            rules.require_admin("lab", self.roles.get(actor))
            rules.check_request("lab", str(user), user in self.requests)
        except MinitorrentError:
            return
        self.requests.remove(user)
        if accepted:
            self._enter(user, Role.MEMBER)

    @rule(actor=USERS, user=USERS)
    def remove(self, actor: int, user: int) -> None:
        try:
            role, subject = self._pair(actor, user)
            rules.check_removal("lab", str(user), role, subject, is_self=actor == user)
        except MinitorrentError:
            return
        assert self.roles.pop(user) is not Role.OWNER

    @rule(actor=USERS, user=USERS)
    def promote(self, actor: int, user: int) -> None:
        try:
            _, subject = self._pair(actor, user)
        except MinitorrentError:
            return
        if not subject.is_admin:
            self.roles[user] = Role.ADMIN

    @rule(actor=USERS, user=USERS)
    def demote(self, actor: int, user: int) -> None:
        admins = sum(role.is_admin for role in self.roles.values())
        try:
            role, subject = self._pair(actor, user)
            rules.check_demotion(
                "lab", str(user), role, subject, is_self=actor == user, admins=admins
            )
        except MinitorrentError as error:
            if error.code is ErrorCode.LAST_ADMIN:
                assert self.roles[user] is Role.OWNER
            return
        self.roles[user] = Role.MEMBER

    @rule(actor=USERS, user=USERS, new=st.sampled_from([role for role in Role if role != "owner"]))
    def set_role(self, actor: int, user: int, new: Role) -> None:
        admins = sum(role.is_admin for role in self.roles.values())
        try:
            role, subject = self._pair(actor, user)
            rules.check_new_role(
                "lab", str(user), role, subject, new, is_self=actor == user, admins=admins
            )
        except MinitorrentError:
            return
        self.roles[user] = new

    @rule(actor=USERS, user=USERS)
    def transfer(self, actor: int, user: int) -> None:
        try:
            role, _ = self._pair(actor, user)
            rules.check_transfer("lab", role)
        except MinitorrentError:
            return
        self.roles[actor] = Role.ADMIN
        self.roles[user] = Role.OWNER

    @rule(user=USERS)
    @precondition(lambda self: len(self.roles) > 1)
    def leave(self, user: int) -> None:
        if self.roles.pop(user, None) is Role.OWNER:
            heir = rules.heir(
                Member(other, role, self.since[other]) for other, role in self.roles.items()
            )
            assert heir is not None
            highest = min(self.roles.values(), key=list(Role).index)
            equals = [other for other, role in self.roles.items() if role is highest]
            best = min(equals, key=lambda other: self.since[other])
            assert heir.user_id == best
            self.roles[best] = Role.OWNER

    @invariant()
    def there_is_one_owner(self) -> None:
        assert [*self.roles.values()].count(Role.OWNER) == (1 if self.roles else 0)

    @invariant()
    def nobody_is_member_and_asks_to_join(self) -> None:
        assert not self.requests & self.roles.keys()


GroupMachine.TestCase.settings = settings(stateful_step_count=40)
TestGroupMachine = GroupMachine.TestCase
