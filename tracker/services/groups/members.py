"""The members of groups and their roles."""

from __future__ import annotations

from functools import partial

from common.api import groups as api
from common.api.events import EventKind
from tracker.domain import rules
from tracker.domain.paging import cut, number_after
from tracker.domain.rules import Role
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.services.events import record
from tracker.services.lookups import (
    find_administered_group,
    find_own_group,
    no_such_user,
)
from tracker.services.totals import MANY, Totals
from tracker.store.records import Group
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

_NEW_ROLES = {
    Role.OWNER: (EventKind.GROUP_TRANSFERRED, "the owner"),
    Role.ADMIN: (EventKind.MEMBER_PROMOTED, "an admin"),
    Role.UPLOADER: (EventKind.UPLOADER_MADE, "an uploader"),
    Role.MEMBER: (EventKind.MEMBER_DEMOTED, "a member"),
    Role.READER: (EventKind.READER_MADE, "a reader"),
}

_Subject = tuple[Group, Role, int, Role]
"""A group, the caller's role, and the id and role of the member to act on."""


class MemberService:
    """Operations on members; tracker.domain.rules says who may do what."""

    def __init__(self, database: UnitOfWorkFactory, clock: Clock, steady: Clock) -> None:
        self._totals = Totals(steady)
        self._database = database
        self._clock = clock

    def leave_group(self, me: Identity, request: api.LeaveGroup) -> api.GroupReply:
        """End the caller's membership; pass on an owner's group, delete an empty one."""
        with self._database.write() as work:
            group = find_own_group(work, me, request.group, lock=True)
            removed = end_membership(work, group, me.user_id)
            pass_on(work, me, group, f"{me.user} left {group.name}", self._clock())
            self._record_departure(
                work, me, group, me.user, f"{me.user} left {group.name}.", removed
            )
        return api.GroupReply(group=request.group)

    def list_members(self, me: Identity, request: api.ListMembers) -> api.ListMembersReply:
        """Return a page of the members, longest-standing first, and who of them is online."""
        after = number_after(request.after)
        with self._database.read() as work:
            group = find_own_group(work, me, request.group)
            found = work.groups.members(group.id, request.pattern, after, request.rows + 1)
            members, following = cut(found, request.rows, lambda row: str(row[0].since))
            total = count_members(work, self._totals, group.id, request.pattern)
            online = work.trackers.online([member.user_id for member, _ in members], self._clock())
            rows = [
                api.MemberRow(
                    user=name,
                    role=reported(member.role, request),
                    online=member.user_id in online,
                )
                for member, name in members
            ]
        return api.ListMembersReply(group=request.group, members=rows, total=total, next=following)

    def remove_member(self, me: Identity, request: api.RemoveMember) -> api.MemberReply:
        """Remove a member, and everything the member shares in the group."""
        with self._database.write() as work:
            group, actor, user_id, subject = self._subject(work, me, request)
            is_self = user_id == me.user_id
            rules.check_removal(group.name, request.user, actor, subject, is_self=is_self)
            removed = end_membership(work, group, user_id)
            if not is_self:
                work.invitations.exclude(group.id, user_id, self._clock())
            text = f"{me.user} removed you from {group.name}."
            kind = EventKind.MEMBER_REMOVED
            record(work, kind, group, me, request.user, text, self._clock())
            text = f"{me.user} removed {request.user} from {group.name}."
            self._record_departure(work, me, group, request.user, text, removed)
        return _member_reply(request)

    def promote(self, me: Identity, request: api.Promote) -> api.MemberReply:
        """Make a member an admin; does nothing for an admin."""
        with self._database.write() as work:
            group, _, user_id, subject = self._subject(work, me, request)
            if not subject.is_admin:
                self._change_role(work, me, group, user_id, request.user, Role.ADMIN)
        return _member_reply(request)

    def demote(self, me: Identity, request: api.Demote) -> api.MemberReply:
        """Make an admin or uploader a plain member; does nothing for a member or reader."""
        with self._database.write() as work:
            found = self._subject(work, me, request)
            subject = found[-1]
            if subject.rank < Role.MEMBER.rank:
                self._give_role(work, me, request, found, Role.MEMBER)
        return _member_reply(request)

    def set_role(self, me: Identity, request: api.SetRole) -> api.RoleReply:
        """Give a member a role below the owner's; does nothing if it is the member's own."""
        with self._database.write() as work:
            found = self._subject(work, me, request)
            self._give_role(work, me, request, found, Role(request.role))
        return api.RoleReply(group=request.group, user=request.user, role=request.role)

    def _give_role(
        self, work: UnitOfWork, me: Identity, request: api.OnMember, found: _Subject, role: Role
    ) -> None:
        group, actor, user_id, subject = found
        rules.check_new_role(
            group.name,
            request.user,
            actor,
            subject,
            role,
            is_self=user_id == me.user_id,
            admins=work.groups.count_admins(group.id),
        )
        if subject is not role:
            self._change_role(work, me, group, user_id, request.user, role)

    def transfer_group(self, me: Identity, request: api.TransferGroup) -> api.MemberReply:
        """Make a member the owner; the old owner stays an admin."""
        with self._database.write() as work:
            group, actor, user_id, _ = self._subject(work, me, request)
            rules.check_transfer(group.name, actor)
            if user_id != me.user_id:
                work.groups.set_role(group.id, me.user_id, Role.ADMIN)
                self._change_role(work, me, group, user_id, request.user, Role.OWNER)
        return _member_reply(request)

    def _subject(self, work: UnitOfWork, me: Identity, request: api.OnMember) -> _Subject:
        group, actor = find_administered_group(work, me, request.group, lock=True)
        found = work.groups.member_called(group.id, request.user)
        if found is None:
            raise no_such_user(request.user)
        user_id, role = found
        return group, actor, user_id, rules.require_subject(group.name, request.user, role)

    def _change_role(
        self, work: UnitOfWork, me: Identity, group: Group, user_id: int, user: str, role: Role
    ) -> None:
        work.groups.set_role(group.id, user_id, role)
        if not role.is_admin:
            work.invitations.revoke_created_by(group.id, user_id)
        kind, what = _NEW_ROLES[role]
        text = f"{me.user} made you {what} of {group.name}."
        record(work, kind, group, me, user, text, self._clock())

    def _record_departure(
        self, work: UnitOfWork, me: Identity, group: Group, user: str, text: str, removed: list[str]
    ) -> None:
        """Record a departure, so that members' clients drop their connections to the user."""
        kind = EventKind.MEMBER_LEFT
        record(work, kind, group, me, user, text, self._clock(), removed=removed)


def reported(role: Role, request: api.WithRoles) -> api.Role:
    """Return a role as the caller's client knows it."""
    return role.value if role.is_admin or request.all_roles else Role.MEMBER.value


def count_members(work: UnitOfWork, totals: Totals, group_id: int, pattern: str) -> int:
    """Count a group's members that match a pattern; a total that takes long is kept in `totals`."""
    size = work.sizes.of_group(group_id).members
    if not pattern:
        return size
    count = partial(work.groups.count_members, group_id, pattern)
    if size <= MANY or work.groups.is_rare_user(pattern):
        return count()
    return totals.of(group_id, pattern, count)


def end_membership(work: UnitOfWork, group: Group, user_id: int) -> list[str]:
    """Delete a membership with its shares, peers and announce key, and end its invitations.

    Returns the uids of the member's certificates.
    """
    work.groups.drop_member(group.id, user_id)  # from now on, no announce adds peers
    has = work.groups.possessions(group.id, user_id)
    if has.peers or has.announce_key:
        work.peers.drop_from_group(group.id, user_id)
    if has.shares:
        work.files.unshare_group(group.id, user_id)
    if has.invitations:
        work.invitations.revoke_created_by(group.id, user_id)
    return work.authorities.detach_holders(group.id, user_id) if has.certificates else []


def pass_on(work: UnitOfWork, me: Identity, group: Group, what: str, now: float) -> None:
    """Find a group whose owner has left a new one; delete it if nobody is left.

    `what` says in a few words what has happened.
    """
    others = work.groups.seniors(group.id)
    heir = rules.heir(member for member, _ in others)
    is_owned = any(member.role is Role.OWNER for member, _ in others)
    if heir is None:
        work.groups.delete(group.id)
    elif not is_owned and not work.groups.owners(group.id):  # by a guest
        work.groups.set_role(group.id, heir.user_id, Role.OWNER)
        name = next(name for member, name in others if member == heir)
        text = f"{what}; {name} owns {group.name} now."
        record(work, EventKind.GROUP_INHERITED, group, me, name, text, now)


def _member_reply(request: api.OnMember) -> api.MemberReply:
    return api.MemberReply(group=request.group, user=request.user)
