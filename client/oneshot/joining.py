"""Enters a group by an invitation, with a new account or an old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.oneshot.sign_in import Account, Asking, SignIn
from common import invitation
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi


def join(
    session: SessionApi,
    text: str,
    account: Account | None,
    asking: Asking | None,
    *,
    remember: bool | None = None,
) -> str:
    """Enter the group of an invitation and make it the one in use; return its name.

    Without an `account`, `asking` asks for it, unless somebody is logged in. For `remember` see
    SignIn. Raises MinitorrentError.
    """
    group = invitation.parse(text).group
    sign_in = SignIn(session, text, remember=remember)
    session.accounts.settle()
    if session.overview().user is not None:
        is_new = False
    elif account is not None:
        is_new = sign_in.with_account(account)
    elif asking is not None:
        is_new = sign_in.ask(asking)
    else:
        raise MinitorrentError(
            ErrorCode.USAGE, "Give --user and --password-file: there is no terminal to ask at."
        )
    if not is_new:
        _enter(session, text, group)
    session.groups.use(group)
    return group


def _enter(session: SessionApi, text: str, group: str) -> None:
    """Accept the invitation; it doesn't matter if the user is a member already."""
    try:
        session.invitations.accept(text)
    except MinitorrentError as error:
        if error.code is ErrorCode.TRACKER_UNREACHABLE or not session.groups.is_own(group):
            raise
