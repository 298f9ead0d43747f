"""What a group does, one deed after another; simultaneous deeds are compared with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from common.errors import ErrorCode, MinitorrentError
from tracker.domain import rules
from tracker.domain.rules import Member, Role

GROUP = "lab"
OK = "ok"


class Deed(NamedTuple):
    """What a user does, perhaps to another, or with the invitation of this number."""

    user: str
    what: str
    subject: str = ""
    invite: int = 0


@dataclass
class Invite:
    """An invitation for one use; `at` is the time on the model's clock."""

    creator: str
    at: int
    is_left: bool = True


@dataclass
class GroupModel:
    """A group, or none if nobody is in it; its members are in the order of seniority."""

    roles: dict[str, Role] = field(default_factory=dict)
    requests: set[str] = field(default_factory=set)
    removed: dict[str, int] = field(default_factory=dict)
    invites: dict[int, Invite] = field(default_factory=dict)
    time: int = 0

    def copy(self) -> GroupModel:
        """Return one that changes by itself."""
        invites = {number: Invite(one.creator, one.at, one.is_left) for number, one in self._all()}
        return GroupModel(
            dict(self.roles), set(self.requests), dict(self.removed), invites, self.time
        )

    def _all(self) -> list[tuple[int, Invite]]:
        return list(self.invites.items())

    def seen(self) -> tuple[list[tuple[str, Role]], set[str]]:
        """Return what anybody can see: the members and the requests."""
        return list(self.roles.items()), self.requests

    def act(self, deed: Deed) -> str:
        """Carry out a deed; return `ok` or the code of its error."""
        self.time += 1
        act: Callable[[Deed], None] = getattr(self, f"_{deed.what}")
        try:
            act(deed)
        except MinitorrentError as error:
            return error.code.value
        return OK

    def _create_group(self, deed: Deed) -> None:
        if self.roles:
            raise MinitorrentError(ErrorCode.GROUP_EXISTS, "")
        self.roles[deed.user] = Role.OWNER

    def _join_group(self, deed: Deed) -> None:
        self._check_exists()
        rules.check_join(GROUP, self.roles.get(deed.user), deed.user in self.requests)
        self.requests.add(deed.user)

    def _accept_request(self, deed: Deed) -> None:
        self._check_decision(deed)
        self._enter(deed.subject, Role.MEMBER)

    def _reject_request(self, deed: Deed) -> None:
        self._check_decision(deed)
        self.requests.remove(deed.subject)

    def _leave_group(self, deed: Deed) -> None:
        self._check_exists()
        role = rules.require_member(GROUP, self.roles.get(deed.user))
        self._end(deed.user)
        others = enumerate(self.roles.items())
        heir = rules.heir(Member(place, of, place) for place, (_, of) in others)
        if heir is None:
            self.requests, self.removed, self.invites = set(), {}, {}
        elif role is Role.OWNER:
            self.roles[list(self.roles)[heir.user_id]] = Role.OWNER

    def _remove_member(self, deed: Deed) -> None:
        actor, subject = self._pair(deed)
        is_self = deed.user == deed.subject
        rules.check_removal(GROUP, deed.subject, actor, subject, is_self=is_self)
        self._end(deed.subject)
        if not is_self:
            self.removed[deed.subject] = self.time

    def _promote(self, deed: Deed) -> None:
        _, subject = self._pair(deed)
        if not subject.is_admin:
            self.roles[deed.subject] = Role.ADMIN

    def _demote(self, deed: Deed) -> None:
        _, subject = self._pair(deed)
        if subject.rank < Role.MEMBER.rank:
            self._give_role(deed, Role.MEMBER)

    def _set_role(self, deed: Deed) -> None:
        self._give_role(deed, Role.READER)

    def _transfer_group(self, deed: Deed) -> None:
        actor, _ = self._pair(deed)
        rules.check_transfer(GROUP, actor)
        if deed.subject != deed.user:
            self.roles[deed.user] = Role.ADMIN
            self.roles[deed.subject] = Role.OWNER

    def _create_invite(self, deed: Deed) -> None:
        self._check_exists()
        rules.require_admin(GROUP, self.roles.get(deed.user))
        self.invites[deed.invite] = Invite(deed.user, self.time)

    def _accept_invite(self, deed: Deed) -> None:
        invite = self.invites.get(deed.invite)
        if invite is None or not invite.is_left or invite.at <= self.removed.get(deed.user, -1):
            raise MinitorrentError(ErrorCode.INVITE_INVALID, "")
        rules.check_join(GROUP, self.roles.get(deed.user), has_asked=False)
        invite.is_left = False
        self._enter(deed.user, Role.MEMBER)

    def _check_exists(self) -> None:
        if not self.roles:
            raise MinitorrentError(ErrorCode.NO_SUCH_GROUP, "")

    def _check_decision(self, deed: Deed) -> None:
        self._check_exists()
        rules.require_admin(GROUP, self.roles.get(deed.user))
        rules.check_request(GROUP, deed.subject, deed.subject in self.requests)

    def _pair(self, deed: Deed) -> tuple[Role, Role]:
        self._check_exists()
        actor = rules.require_admin(GROUP, self.roles.get(deed.user))
        return actor, rules.require_subject(GROUP, deed.subject, self.roles.get(deed.subject))

    def _give_role(self, deed: Deed, role: Role) -> None:
        actor, subject = self._pair(deed)
        admins = sum(one.is_admin for one in self.roles.values())
        is_self = deed.user == deed.subject
        rules.check_new_role(
            GROUP, deed.subject, actor, subject, role, is_self=is_self, admins=admins
        )
        self.roles[deed.subject] = role
        if subject is not role:
            self._end_invites(deed.subject)

    def _enter(self, user: str, role: Role) -> None:
        self.requests.discard(user)
        self.removed.pop(user, None)
        self.roles[user] = role

    def _end(self, user: str) -> None:
        del self.roles[user]
        self._end_invites(user)

    def _end_invites(self, creator: str) -> None:
        for invite in self.invites.values():
            invite.is_left = invite.is_left and invite.creator != creator
