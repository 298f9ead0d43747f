from __future__ import annotations

import pytest

from common.api.events import EventKind
from tracker.domain.audience import AUDIENCES, Audience, audience_of, kinds_for


@pytest.mark.parametrize(
    ("kind", "audience"),
    [
        ("join_requested", Audience.ADMINS),
        ("file_added", Audience.MEMBERS),
        ("file_completed", Audience.SHARERS),
        ("member_left", Audience.MEMBERS_AND_ACTOR),
        ("request_accepted", Audience.SUBJECT),
        ("login_failed", Audience.NOBODY),
        ("of a newer tracker", Audience.NOBODY),
    ],
)
def test_recipients_of_each_event(kind: str, audience: Audience) -> None:
    assert audience_of(kind) is audience


def test_every_kind_is_found_by_its_audience() -> None:
    found = [kind for audience in Audience for kind in kinds_for(audience)]
    assert sorted(found) == sorted(AUDIENCES)
    assert kinds_for(Audience.ADMINS) == ["join_requested", "invite_used"]


def test_account_events_have_no_audience() -> None:
    for kind in EventKind:
        if "login" in kind or "password" in kind or "session" in kind:
            assert audience_of(kind) is Audience.NOBODY


def test_the_actor_gets_only_events_that_drop_connections() -> None:
    kinds = {kind for kind in EventKind if audience_of(kind).includes_actor}
    assert kinds == {
        EventKind.MEMBER_LEFT,
        EventKind.MEMBER_BLOCKED,
        EventKind.MEMBER_DELETED,
        EventKind.CERTIFICATES_REVOKED,
        EventKind.FILE_REMOVED,
    }
