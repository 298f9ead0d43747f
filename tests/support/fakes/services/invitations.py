"""Invitations as the shell sees them: one of ann's to lab, for two more users."""

from __future__ import annotations

from client.results.accounts import UserResult
from client.results.groups import InviteResult, JoinResult, RevokeInviteResult
from client.results.lists import InvitesResult
from client.services.paging import USUAL_LIMIT
from common.api.groups import GivenRole
from common.api.invitations import InviteRow
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.state import FakeState, unusual

INVITATION = "mt1AAECAwQFBgcICQoLDA0ODw"


class FakeInvitations:
    """`client.services.invitations.InvitationService`."""

    def __init__(self, state: FakeState) -> None:
        self._state = state

    def create(
        self,
        group: str,
        *,
        uses: int | None = None,
        days: int | None = None,
        role: GivenRole = "member",
    ) -> InviteResult:
        self._state.called("invite", group, uses, days, role)
        return InviteResult(
            group=group,
            id=7,
            invitation=INVITATION,
            uses=uses or 1,
            expires_at="2026-01-09T03:04:05Z",
        )

    def list(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> InvitesResult:
        self._state.called("invites", group, *unusual(pattern, limit))
        row = InviteRow(
            id=7,
            by="ann",
            at="2026-01-02T03:04:05Z",
            uses_left=2,
            expires_at="2026-01-09T03:04:05Z",
            admin=False,
        )
        return InvitesResult(group=group or "lab", invites=[row], total=1, pattern=pattern)

    def revoke(self, group: str, number: int) -> RevokeInviteResult:
        self._state.called("revoke_invite", group, number)
        return RevokeInviteResult(group=group, id=number)

    def accept(self, text: str) -> JoinResult:
        self._state.called("join", text)
        return JoinResult(group="lab", status="member")

    def sign_up(self, text: str, user: str, password: str, *, is_guest: bool = False) -> UserResult:
        self._state.called("create_user", user, password, text, is_guest)
        if user in self._state.taken:
            raise MinitorrentError(ErrorCode.USER_EXISTS, f"There is an account {user} already.")
        return UserResult(user=user)
