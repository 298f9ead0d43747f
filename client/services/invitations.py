"""Invitations: texts that let others into a group without a request."""

from __future__ import annotations

from client.core.notices.notice_kinds import NoticeKind
from client.membership.account import Account
from client.membership.known_trackers import KnownTrackers
from client.membership.remote import TrackerCalls
from client.net.tracker.tracker_client import TrackerClient
from client.notices import Notices
from client.results.accounts import UserResult
from client.results.groups import InviteResult, JoinResult, RevokeInviteResult
from client.results.lists import InvitesResult
from client.services.paging import USUAL_LIMIT, collect
from common import invitation
from common.api import accounts, invitations
from common.api.groups import GivenRole
from common.errors import ErrorCode, MinitorrentError
from common.invitation import InvitationText, InvitedTracker


class InvitationService:
    """The invitations of a session; see Session for the rules of all its methods."""

    def __init__(
        self,
        account: Account,
        notices: Notices,
        remote: TrackerCalls,
        tracker_client: TrackerClient,
        known_trackers: KnownTrackers,
    ) -> None:
        self._account = account
        self._notices = notices
        self._remote = remote
        self._tracker_client = tracker_client
        self._known_trackers = known_trackers

    def create(
        self,
        group: str,
        *,
        uses: int | None = None,
        days: int | None = None,
        role: GivenRole = "member",
    ) -> InviteResult:
        """Create an invitation to a group for `uses` users, valid for `days`.

        It names all trackers of this client whose certificate is known. Its users get `role`.
        Raises MinitorrentError(usage) if the tracker doesn't know the role.
        """
        is_admin = role == "admin"
        given = {"uses": uses, "days": days, "role": None if is_admin else role}
        reply = self._remote.call(
            invitations.CREATE_INVITE,
            group=group,
            admin=is_admin,
            **{name: value for name, value in given.items() if value is not None},
        )
        if not is_admin and reply.role != role:
            self.revoke(group, reply.id)
            raise MinitorrentError(ErrorCode.USAGE, f"This tracker is too old for the role {role}.")
        text = InvitationText(reply.group, reply.code, self._trackers())
        return InviteResult(
            group=reply.group,
            id=reply.id,
            invitation=text.encode(),
            uses=reply.uses,
            expires_at=reply.expires_at,
        )

    def list(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> InvitesResult:
        """List a group's valid invitations, oldest first; the pattern matches their creators."""
        chosen = self._account.require_group(group)
        found = collect(
            self._remote, invitations.LIST_INVITES, "invites", limit, group=chosen, pattern=pattern
        )
        return InvitesResult(
            group=found.last.group, invites=found.rows, total=found.total, pattern=pattern
        )

    def revoke(self, group: str, number: int) -> RevokeInviteResult:
        """End an invitation."""
        reply = self._remote.call(invitations.REVOKE_INVITE, group=group, id=number)
        return RevokeInviteResult(group=reply.group, id=reply.id)

    def accept(self, text: str) -> JoinResult:
        """Enter a group by an invitation as it was pasted."""
        self._account.require()
        code = self._read(text).code
        reply = self._remote.call(invitations.ACCEPT_INVITE, code=code)
        self._account.joined(reply.group)
        return JoinResult(group=reply.group, status=reply.status)

    def sign_up(self, text: str, user: str, password: str, *, is_guest: bool = False) -> UserResult:
        """Create an account that is a member of the invitation's group from the beginning.

        A guest's account ends with that group.
        """
        reply = self._remote.call(
            accounts.CREATE_USER,
            user=user,
            password=password,
            invite=self._read(text).code,
            guest=is_guest,
        )
        if reply.warning:
            self._notices.publish(NoticeKind.WARNING, reply.warning)
        return UserResult(user=reply.user)

    def _read(self, text: str) -> InvitationText:
        """Read an invitation, whose code is sent only to a tracker that it names.

        Any other could use the code itself.
        """
        invited = invitation.parse(text)
        if not {tracker.fingerprint for tracker in invited.trackers} & self._fingerprints():
            where = " or ".join(str(tracker.address) for tracker in invited.trackers)
            raise MinitorrentError(
                ErrorCode.INVITE_INVALID,
                f"This invitation is for the tracker at {where}, which is not the one you are "
                "connected to.",
            )
        return invited

    def _trackers(self) -> tuple[InvitedTracker, ...]:
        return tuple(
            InvitedTracker(address, bytes.fromhex(trusted.replace(":", "")))
            for address, _ in self._tracker_client.states()
            if (trusted := self._known_trackers.trusted(address)) is not None
        )[: invitation.MAX_TRACKERS]

    def _fingerprints(self) -> set[bytes]:
        return {tracker.fingerprint for tracker in self._trackers()}
