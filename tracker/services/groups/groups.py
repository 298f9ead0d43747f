"""Groups: created, listed, and described to their members."""

from __future__ import annotations

import secrets
from functools import partial
from typing import cast

from common.api import groups as api
from common.api.events import EventKind
from common.api.paging import MAX_PAGE
from common.errors import ErrorCode, MinitorrentError
from tracker.domain import rules
from tracker.domain.paging import KeyPart, cursor, cut, read_cursor
from tracker.domain.rules import Role, Upload
from tracker.domain.secret_box import SecretBox
from tracker.quotas import Quotas, check_quota
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.services.events import record
from tracker.services.groups.authority import create_authority
from tracker.services.groups.members import reported
from tracker.services.lookups import find_administered_group, find_group_and_role
from tracker.services.totals import MANY, Totals
from tracker.store.database.errors import ConflictError
from tracker.store.records import Group, GroupSummary
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

_NOBODY = 0
_UID_BYTES = 16
_UPLOAD_CHANGES = {
    Upload.MEMBERS: EventKind.UPLOAD_OPENED,
    Upload.UPLOADERS: EventKind.UPLOAD_LIMITED,
}
_SOURCE = "minitorrent:"


class GroupService:
    """Operations on groups."""

    def __init__(
        self,
        database: UnitOfWorkFactory,
        clock: Clock,
        steady: Clock,
        secret_box: SecretBox,
        quotas: Quotas,
    ) -> None:
        self._totals = Totals(steady)
        self._quotas = quotas
        self._database = database
        self._clock = clock
        self._secret_box = secret_box

    def create_group(self, me: Identity, request: api.CreateGroup) -> api.CreateGroupReply:
        """Create a group owned by the caller. Raises MinitorrentError(group_exists)."""
        try:
            with self._database.write() as work:
                now = self._clock()
                owned = work.groups.count_owned(me.user_id)
                remedy = "leave one, or hand one over with: transfer_group GROUP USER"
                check_quota(owned, self._quotas.groups, "groups per owner", remedy)
                uid = secrets.token_hex(_UID_BYTES)
                group = work.groups.add(request.group, uid, request.mode, now)
                work.groups.add_member(group.id, me.user_id, Role.OWNER, now)
                record(work, EventKind.GROUP_CREATED, group, me, group.name, "", now)
                if request.mode == "sealed":
                    create_authority(work, group, self._secret_box, now)
        except ConflictError:
            raise MinitorrentError(
                ErrorCode.GROUP_EXISTS,
                f"The group {request.group} already exists; choose another name, or ask to join "
                f"with: join_group {request.group}",
            ) from None
        return api.CreateGroupReply(group=request.group, mode=request.mode)

    def list_groups(self, me: Identity, request: api.ListGroups) -> api.ListGroupsReply:
        """Return a page of groups by name: the caller's own, then the others."""
        place = read_cursor(request.after, bool, str)
        with self._database.read() as work:
            found = _groups_after(work, me.user_id, request, place)
            total = self._total(work, me.user_id, request)
        rows, following = cut(
            found, request.rows, lambda row: cursor(row.is_member, row.group.name)
        )
        return api.ListGroupsReply(
            groups=[
                api.GroupRow(
                    group=row.group.name,
                    owner=row.owner,
                    members=row.members,
                    files=row.files,
                    mode=_mode(row.group),
                    member=row.is_member,
                    requested=row.has_requested,
                    requests=row.requests,
                )
                for row in rows
            ],
            total=total,
            next=following,
        )

    def _total(self, work: UnitOfWork, user_id: int, request: api.ListGroups) -> int:
        """Count the groups that match; to look at all names takes long."""
        member, pattern = request.member, request.pattern
        if not pattern:
            own = 0 if member is None else work.groups.count(user_id, "", member=True)
            return own if member else self._total_of_all(work, user_id) - own
        count = partial(work.groups.count, user_id, pattern, member=member)
        if work.groups.is_rare(pattern) or work.groups.largest_id() <= MANY:
            return count()
        kind = {None: "", True: "+", False: "-"}[member]
        return self._totals.of(user_id, kind + pattern, count)

    def _total_of_all(self, work: UnitOfWork, user_id: int) -> int:
        """Count all groups: PostgreSQL looks at each, so the total of many is kept for a while."""
        count = partial(work.groups.count, user_id, "", member=None)
        if work.groups.largest_id() <= MANY:
            return count()
        return self._totals.of(_NOBODY, "", count)

    def get_group(self, me: Identity, request: api.GetGroup) -> api.GroupProfileReply:
        """Return the group's profile, for a member's client."""
        with self._database.read() as work:
            group, role = find_group_and_role(work, me, request.group)
            return self._profile(work, me, group, role, request)

    def find_group(self, me: Identity, request: api.FindGroup) -> api.GroupProfileReply:
        """Like `get_group`, by the `source` in the group's metainfo. Raises MinitorrentError."""
        with self._database.read() as work:
            group = work.groups.by_uid(request.source.removeprefix(_SOURCE))
            role = None if group is None else work.groups.role_of(group.id, me.user_id)
            if group is None or role is None or source_of(group) != request.source:
                raise MinitorrentError(
                    ErrorCode.NO_SUCH_GROUP,
                    "None of your groups is the one that this was created for.",
                )
            return self._profile(work, me, group, role, request)

    def set_upload(self, me: Identity, request: api.SetUpload) -> api.SetUploadReply:
        """Decide who adds files to a group. Raises MinitorrentError(not_admin, ...)."""
        with self._database.write() as work:
            group, _ = find_administered_group(work, me, request.group, lock=True)
            if group.upload != request.upload:
                work.groups.set_upload(group.id, request.upload)
                kind = _UPLOAD_CHANGES[Upload(request.upload)]
                record(work, kind, group, me, group.name, "", self._clock())
        return api.SetUploadReply(group=request.group, upload=request.upload)

    def _profile(
        self,
        work: UnitOfWork,
        me: Identity,
        group: Group,
        own_role: Role | None,
        request: api.WithRoles,
    ) -> api.GroupProfileReply:
        role = rules.require_member(group.name, own_role)
        removed = work.authorities.removed(group.id, self._clock(), None, MAX_PAGE + 1)
        return api.GroupProfileReply(
            group=group.name,
            mode=_mode(group),
            source=source_of(group),
            authority=authority_of(work, group),
            removed=[uid for _, uid in removed[:MAX_PAGE]],
            more_removed=len(removed) > MAX_PAGE,
            role=reported(role, request),
            upload=cast(api.Upload, group.upload),
            refusal=_upload_refusal(me, group, role),
        )


def _upload_refusal(me: Identity, group: Group, role: Role) -> str:
    try:
        rules.check_upload(group.name, me.user, role, Upload(group.upload))
    except MinitorrentError as error:
        return error.message
    return ""


def _groups_after(
    work: UnitOfWork, user_id: int, request: api.ListGroups, place: tuple[KeyPart, ...] | None
) -> list[GroupSummary]:
    """Return one group more than a page has: the user's own first, then the others."""
    in_own, name = place or (True, "")
    found: list[GroupSummary] = []
    for member in (True, False):
        if request.member in (None, member) and (in_own or not member):
            after = str(name) if member == in_own else ""
            left = request.rows + 1 - len(found)
            found += work.groups.page(user_id, request.pattern, after, left, member=member)
    return found


def source_of(group: Group) -> str:
    """Return the `source` of this group's info dictionaries."""
    return f"{_SOURCE}{group.uid}"


def authority_of(work: UnitOfWork, group: Group) -> str | None:
    """Return the `ssl-cert` of this group's info dictionaries, or None for an open group."""
    authority = work.authorities.of_group(group.id)
    return None if authority is None else authority.certificate


def _mode(group: Group) -> api.Mode:
    return cast(api.Mode, group.mode)
