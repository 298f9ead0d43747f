"""Requests to join groups, and the decisions on them."""

from __future__ import annotations

from collections.abc import Callable

from common.api import groups as api
from common.api.events import EventKind
from common.errors import ErrorCode, MinitorrentError
from tracker.domain import rules
from tracker.domain.paging import cut, number_after
from tracker.domain.rules import Role
from tracker.quotas import Quotas, check_quota
from tracker.services.caller import Identity
from tracker.services.clock import Clock, iso
from tracker.services.events import record
from tracker.services.lookups import (
    find_administered_group,
    find_group_and_role,
    no_such_user,
)
from tracker.services.quotas import check_new_member
from tracker.store.records import Asker, Group, Pending
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

_Decision = Callable[[UnitOfWork, Identity, Group, Asker, str], None]
"""Carries out a decision on a user's request; the user's name is the last."""


class JoinRequestService:
    """Operations on requests to join; tracker.domain.rules says who may do what."""

    def __init__(self, database: UnitOfWorkFactory, clock: Clock, quotas: Quotas) -> None:
        self._database = database
        self._clock = clock
        self._quotas = quotas

    def join_group(self, me: Identity, request: api.JoinGroup) -> api.JoinGroupReply:
        """Ask to join. Raises MinitorrentError(already_member, already_requested, ...)."""
        with self._database.write() as work:
            group, role = find_group_and_role(work, me, request.group, lock=True)
            pending = work.groups.pending(group.id, me.user_id)
            rules.check_join(group.name, role, pending.has_asked)
            self._check_quotas(pending, group)
            now = self._clock()
            work.groups.add_request(group.id, me.user_id, now)
            text = f"{me.user} asks to join {group.name}."
            record(work, EventKind.JOIN_REQUESTED, group, me, me.user, text, now)
        return api.JoinGroupReply(group=request.group, status="requested")

    def _check_quotas(self, pending: Pending, group: Group) -> None:
        quotas, what = self._quotas, "pending requests per user"
        check_quota(pending.own, quotas.requests, what, "wait until some are decided")
        what, remedy = f"pending requests to join {group.name}", "its admins must decide some first"
        check_quota(pending.others, quotas.group_requests, what, remedy)

    def list_requests(self, me: Identity, request: api.ListRequests) -> api.ListRequestsReply:
        """Return a page of the requests to join, for admins."""
        after = number_after(request.after)
        with self._database.read() as work:
            group, _ = find_administered_group(work, me, request.group)
            found = work.groups.requests(group.id, request.pattern, after, request.rows + 1)
            asking, following = cut(found, request.rows, lambda row: str(row.id))
            total = work.groups.count_requests(group.id, request.pattern)
        rows = [api.RequestRow(user=one.user, requested_at=iso(one.requested_at)) for one in asking]
        return api.ListRequestsReply(
            group=request.group, requests=rows, total=total, next=following
        )

    def accept_request(self, me: Identity, request: api.AcceptRequest) -> api.MemberReply:
        """Accept a user's request. Raises MinitorrentError(not_admin, no_such_request, ...)."""
        return self._decide_one(me, request, self._accept)

    def reject_request(self, me: Identity, request: api.RejectRequest) -> api.MemberReply:
        """Reject a user's request. Raises MinitorrentError(not_admin, no_such_request, ...)."""
        return self._decide_one(me, request, self._reject)

    def accept_requests(self, me: Identity, request: api.AcceptRequests) -> api.DecideRequestsReply:
        """Accept several users' requests, or the oldest ones, as many as there is room for.

        Raises as `accept_request`.
        """
        return self._decide(me, request, self._accept)

    def reject_requests(self, me: Identity, request: api.RejectRequests) -> api.DecideRequestsReply:
        """Reject several users' requests, or the oldest ones; raises as `reject_request`."""
        return self._decide(me, request, self._reject)

    def _decide_one(
        self, me: Identity, request: api.OnMember, decision: _Decision
    ) -> api.MemberReply:
        with self._database.write() as work:
            group, _ = find_administered_group(work, me, request.group, lock=True)
            self._decide_named(work, me, group, request.user, decision)
        return api.MemberReply(group=request.group, user=request.user)

    def _decide(
        self, me: Identity, request: api.DecideRequests, decision: _Decision
    ) -> api.DecideRequestsReply:
        with self._database.write() as work:
            group, _ = find_administered_group(work, me, request.group, lock=True)
            users = list(dict.fromkeys(request.users))
            for user in users:
                self._decide_named(work, me, group, user, decision)
            if not users:
                users = self._decide_oldest(work, me, group, decision)
            left = work.groups.count_requests(group.id, "")
        return api.DecideRequestsReply(group=request.group, users=users, left=left)

    def _decide_oldest(
        self, work: UnitOfWork, me: Identity, group: Group, decision: _Decision
    ) -> list[str]:
        """Decide the oldest requests, as many as there is room for; return the users."""
        users: list[str] = []
        for one in work.groups.requests(group.id, "", 0, api.MAX_DECISIONS):
            try:
                decision(work, me, group, Asker(one.user_id, True, True), one.user)
            except MinitorrentError as error:
                if users and error.code is ErrorCode.QUOTA_EXCEEDED:
                    break
                raise
            users.append(one.user)
        return users

    def _decide_named(
        self, work: UnitOfWork, me: Identity, group: Group, name: str, decision: _Decision
    ) -> None:
        asker = work.groups.asker(group.id, name)
        if asker is None:
            raise no_such_user(name)
        rules.check_request(group.name, name, asker.has_asked)
        decision(work, me, group, asker, name)

    def _accept(
        self, work: UnitOfWork, me: Identity, group: Group, asker: Asker, user: str
    ) -> None:
        check_new_member(work, self._quotas, group)
        now = self._clock()
        work.groups.drop_request(group.id, asker.user_id)
        if asker.was_removed:
            work.invitations.forgive(group.id, asker.user_id)
        work.groups.add_member(group.id, asker.user_id, Role.MEMBER, now)
        text = f"{me.user} let you into {group.name}."
        record(work, EventKind.REQUEST_ACCEPTED, group, me, user, text, now)

    def _reject(
        self, work: UnitOfWork, me: Identity, group: Group, asker: Asker, user: str
    ) -> None:
        work.groups.drop_request(group.id, asker.user_id)
        text = f"{me.user} rejected your request to join {group.name}."
        record(work, EventKind.REQUEST_REJECTED, group, me, user, text, self._clock())
