"""What the operator does with groups."""

from __future__ import annotations

from common.api.events import EventKind
from tracker.domain import rules
from tracker.domain.rules import Role
from tracker.services.caller import OPERATOR
from tracker.services.clock import Clock
from tracker.services.events import record, record_account, record_for_each
from tracker.services.lookups import find_group, find_user
from tracker.store.unit_of_work import UnitOfWorkFactory


class GroupAdministration:
    """Acts on groups, each recorded for the audit; running trackers follow through its events."""

    def __init__(self, database: UnitOfWorkFactory, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def delete(self, name: str) -> None:
        """Delete a group with its files, and the accounts of its guests.

        Every member gets the notice of a removal. Raises MinitorrentError(no_such_group).
        """
        with self._database.write() as work:
            now, group = self._clock(), find_group(work, name, lock=True)
            text = f"The tracker's operator deleted the group {name}."
            members = work.groups.member_names(group.id)
            record_for_each(work, EventKind.MEMBER_REMOVED, group, OPERATOR, members, text, now)
            for guest in work.groups.guest_names(group.id):
                kind = EventKind.ACCOUNT_DELETED
                record_account(work, kind, guest, OPERATOR.address, now, actor=OPERATOR.user)
            record(work, EventKind.GROUP_DELETED, group, OPERATOR, name, text, now)
            work.groups.delete(group.id)

    def transfer(self, name: str, user: str) -> None:
        """Make a member the owner; the old owner stays an admin.

        Raises MinitorrentError(no_such_group, no_such_user, not_member).
        """
        with self._database.write() as work:
            now, group = self._clock(), find_group(work, name, lock=True)
            heir = find_user(work, user)
            role = work.groups.role_of(group.id, heir.id)
            if rules.require_subject(name, user, role) is Role.OWNER:
                return
            for owner in work.groups.owners(group.id):
                work.groups.set_role(group.id, owner, Role.ADMIN)
            work.groups.set_role(group.id, heir.id, Role.OWNER)
            text = f"The tracker's operator made you the owner of {name}."
            record(work, EventKind.GROUP_TRANSFERRED, group, OPERATOR, user, text, now)
