"""Invitations: created and ended by admins, used by anyone who knows their code."""

from __future__ import annotations

import secrets
from typing import cast

from common.api import invitations as api
from common.api.events import EventKind
from common.api.groups import LowerRole
from common.errors import ErrorCode, MinitorrentError
from common.party import party_of
from tracker.domain import rules
from tracker.domain.credentials import digest_token, encode_secret
from tracker.domain.invitations import refusal
from tracker.domain.paging import cut, number_after
from tracker.domain.rules import Role
from tracker.quotas import Quotas, check_quota
from tracker.services.caller import Identity
from tracker.services.clock import Clock, iso
from tracker.services.events import record, record_account, record_refusal
from tracker.services.lookups import find_administered_group, find_group_and_role
from tracker.services.quotas import check_new_member
from tracker.services.rate_limits import RateLimiter
from tracker.store.records import Group, Invitation
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

CODE_BYTES = 16
"""128 bits: a code can't be guessed, so storing a plain SHA-256 of it is safe."""

WRONG_CODES_PER_HOUR = 20
"""Wrong codes that one user, or one party without a login, may try."""

_DAY = 24 * 3600.0
_UNKNOWN = "This invitation is not valid; ask for a new one."
_COMPLAINT = "Too many invitations that are not valid"


class InvitationService:
    """Operations on invitations. `steady` is a monotonic clock.

    `are_required` says whether accounts are created by invitation only.
    """

    def __init__(
        self,
        database: UnitOfWorkFactory,
        clock: Clock,
        steady: Clock,
        quotas: Quotas,
        *,
        are_required: bool = False,
    ) -> None:
        self.are_required = are_required
        self._database = database
        self._clock = clock
        self._quotas = quotas
        self._wrong = RateLimiter.hourly(WRONG_CODES_PER_HOUR, steady)

    def create_invite(self, me: Identity, request: api.CreateInvite) -> api.CreateInviteReply:
        """Create an invitation; its code is shown only in this reply."""
        code = encode_secret(secrets.token_bytes(CODE_BYTES))
        with self._database.write() as work:
            group, _ = find_administered_group(work, me, request.group, lock=True)
            now = self._clock()
            count = work.invitations.count(group.id, now, "")
            what, remedy = f"invitations to {group.name}", "end some with: revoke_invite"
            check_quota(count, self._quotas.group_invites, what, remedy)
            invitation = work.invitations.add(
                group.id,
                me.user_id,
                digest_token(code),
                now,
                now + request.days * _DAY,
                uses=request.uses,
                makes_admins=request.admin,
                role=request.role,
            )
            record(work, EventKind.INVITE_CREATED, group, me, str(invitation.id), "", now)
            return api.CreateInviteReply(
                group=group.name,
                id=invitation.id,
                code=code,
                uses=request.uses,
                expires_at=iso(invitation.expires_at),
                role=request.role,
            )

    def list_invites(self, me: Identity, request: api.ListInvites) -> api.ListInvitesReply:
        """Return a page of a group's valid invitations, oldest first, for its admins."""
        now, after = self._clock(), number_after(request.after)
        with self._database.read() as work:
            group, _ = find_administered_group(work, me, request.group)
            pattern = request.pattern
            found = work.invitations.page(group.id, now, pattern, after, request.rows + 1)
            total = work.invitations.count(group.id, now, pattern)
        rows, following = cut(found, request.rows, lambda row: str(row[0].id))
        return api.ListInvitesReply(
            group=request.group,
            invites=[_row(invitation, creator) for invitation, creator in rows],
            total=total,
            next=following,
        )

    def revoke_invite(self, me: Identity, request: api.RevokeInvite) -> api.RevokeInviteReply:
        """End an invitation. Raises MinitorrentError(invite_invalid)."""
        with self._database.write() as work:
            group, _ = find_administered_group(work, me, request.group, lock=True)
            now = self._clock()
            if not work.invitations.revoke(group.id, request.id, now):
                raise MinitorrentError(
                    ErrorCode.INVITE_INVALID,
                    f"{group.name} has no valid invitation {request.id}; see: invites {group.name}",
                )
            record(work, EventKind.INVITE_REVOKED, group, me, str(request.id), "", now)
        return api.RevokeInviteReply(group=request.group, id=request.id)

    def accept_invite(self, me: Identity, request: api.AcceptInvite) -> api.AcceptInviteReply:
        """Enter the group of an invitation.

        Raises MinitorrentError(invite_invalid, already_member, too_many_attempts).
        """
        self.check(request.code, me.user, me.address, me.user_id)
        with self._database.write() as work:
            group = self.enter(work, me, request.code, self._clock())
        return api.AcceptInviteReply(group=group.name)

    def enter(self, work: UnitOfWork, me: Identity, code: str, now: float) -> Group:
        """Make `me` a member by an invitation; return the group.

        Raises MinitorrentError(invite_invalid, already_member, quota_exceeded).
        """
        found = work.invitations.by_digest(digest_token(code))
        reason = _judge(work, found, me.user_id, now)
        if found is None or reason is not None:
            raise MinitorrentError(ErrorCode.INVITE_INVALID, reason or _UNKNOWN)
        invitation, creator, its_group = found
        group, own_role = find_group_and_role(work, me, its_group.name, lock=True)
        rules.check_join(group.name, own_role, has_asked=False)
        check_new_member(work, self._quotas, group)
        if not work.invitations.spend(invitation.id, now):
            raise MinitorrentError(ErrorCode.INVITE_INVALID, _UNKNOWN)  # another user was quicker
        work.groups.drop_request(group.id, me.user_id)
        role = Role.ADMIN if invitation.makes_admins else Role(invitation.role)
        work.groups.add_member(group.id, me.user_id, role, now)
        work.invitations.forgive(group.id, me.user_id)
        text = f"{me.user} joined {group.name} by invitation {invitation.id} of {creator}."
        record(work, EventKind.INVITE_USED, group, me, me.user, text, now)
        return group

    def check(self, code: str, user: str, address: str, user_id: int | None = None) -> None:
        """Check that an invitation is valid, before anything expensive follows; audit if it isn't.

        Without a `user_id`, `user` wants to become a user by it. Wrong codes count towards the
        user's limit, or that of the party behind `address`. Raises MinitorrentError(invite_invalid,
        too_many_attempts).
        """
        party = party_of(address) if user_id is None else user
        self._wrong.check(party, ErrorCode.TOO_MANY_ATTEMPTS, _COMPLAINT)
        with self._database.read() as work:
            now = self._clock()
            found = work.invitations.by_digest(digest_token(code))
            reason = _judge(work, found, user_id, now)
        if reason is None:
            return
        actor = "" if user_id is None else user
        with self._database.write() as work:
            if found is None:
                record_account(work, EventKind.INVITE_REFUSED, actor, address, now)
            else:
                invitation, _, group = found
                record_refusal(work, group, actor, str(invitation.id), address, now)
        self._wrong.spend(party, ErrorCode.TOO_MANY_ATTEMPTS, _COMPLAINT)
        raise MinitorrentError(ErrorCode.INVITE_INVALID, reason)


def _judge(
    work: UnitOfWork,
    found: tuple[Invitation, str, Group] | None,
    user_id: int | None,
    now: float,
) -> str | None:
    """Return why an invitation doesn't let a user (None: a new one) in, or None."""
    if found is None:
        return _UNKNOWN
    invitation, _, group = found
    removed_at = None if user_id is None else work.invitations.removed_at(group.id, user_id)
    return refusal(
        group.name,
        uses_left=invitation.uses_left,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        removed_at=removed_at,
        now=now,
    )


def _row(invitation: Invitation, creator: str) -> api.InviteRow:
    return api.InviteRow(
        id=invitation.id,
        by=creator,
        at=iso(invitation.created_at),
        uses_left=invitation.uses_left,
        expires_at=iso(invitation.expires_at),
        admin=invitation.makes_admins,
        role=cast(LowerRole, invitation.role),
    )
