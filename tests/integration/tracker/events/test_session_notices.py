"""Notices of events while a login is under way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.sessions import SessionClient, let_in
from tracker.services.accounts.logins import LoginService


@pytest.mark.any_database
def test_a_notice_right_after_a_login_is_committed(
    start_tracker: StartTracker, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event is either counted as unread or pushed, whenever it happens."""
    tracker = start_tracker()
    ann, bob = connect(tracker).sign_up("ann"), connect(tracker).sign_up("bob")
    ann.call("create_group", group="lab", mode="open")
    let_in(bob, "bob", ann)
    bob.call("list_notices")  # marks them as read
    greet = LoginService._greet

    def share_first(logins: LoginService, *arguments: Any) -> Any:
        ann.upload("lab", "meanwhile.bin")
        bob.notice(kind="file_added")  # so it has been pushed, to those who are known
        return greet(logins, *arguments)

    again: SessionClient = connect(tracker)
    monkeypatch.setattr(LoginService, "_greet", share_first)
    reply = again.login("bob")
    monkeypatch.undo()
    assert reply["unread_notices"] == 0
    ann.upload("lab", "later.bin")
    for name in ("meanwhile.bin", "later.bin"):
        assert again.notice(kind="file_added")["subject"] == name
    assert not again.notices
