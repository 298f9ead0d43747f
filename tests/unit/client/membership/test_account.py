"""The login, kept up to date by the tracker's notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.caller import Caller, acting_for
from client.core.notices.events import (
    CertificatesRevoked,
    Event,
    FileRemoved,
    GroupEvent,
    LoggedIn,
    LoggedOut,
    LoginResumed,
    MemberRemoved,
    MembershipEnded,
    TrackerConnected,
)
from client.event_bus import EventBus
from client.membership.account import Account
from client.results.overview import Notice
from client.state.database import Database
from client.state.settings import Settings
from common.api.accounts import LoginReply
from common.api.events import EventKind, EventNotice
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, InfoHash

TRACKER = Endpoint("127.0.0.1", 9000)


def reply(*groups: str, pending: int = 0) -> LoginReply:
    """Return the tracker's reply to ann's login."""
    return LoginReply(user="ann", token="t", groups=list(groups), pending_requests=pending)


def event(kind: str, group: str = "lab", subject: str = "y") -> EventNotice:
    """A notice that the tracker pushes."""
    at = "2026-01-01T00:00:00Z"
    return EventNotice(id=1, at=at, kind=kind, group=group, actor="x", subject=subject, text="So.")


def test_nobody_is_logged_in(account: Account) -> None:
    for ask in (account.require, lambda: account.require_group("lab")):
        with pytest.raises(MinitorrentError) as raised:
            ask()
        assert raised.value.code is ErrorCode.NOT_LOGGED_IN
    assert account.user is None
    assert account.groups == set()


def test_each_caller_has_a_group_in_use(account: Account) -> None:
    account.logged_in(reply("lab", "class"))
    account.use("lab")
    one, other = (Caller(Path("/"), account.user, account.group) for _ in range(2))
    with acting_for(one):
        assert account.require_group(None) == "lab"
        account.use("class")
        assert account.require_group(None) == account.group == "class"
    with acting_for(other):
        assert account.group == "lab"
    assert account.group == "lab"
    account.left("class")
    with acting_for(one), pytest.raises(MinitorrentError, match="Which group"):
        account.require_group(None)
    account.logged_out()
    account.logged_in(reply("lab", "class").model_copy(update={"user": "bob"}))
    with acting_for(other):
        assert account.group is None  # it was ann's


def test_the_default_group(account: Account) -> None:
    account.logged_in(reply("lab", "class"))
    with pytest.raises(MinitorrentError) as raised:
        account.require_group(None)
    assert raised.value.code is ErrorCode.USAGE
    assert account.require_group("class") == "class"
    account.use("lab")
    assert account.require_group(None) == account.group == "lab"
    assert account.require_group("class") == "class"


def in_use(account: Account) -> tuple[str | None, bool]:
    """The group in use, and whether it is certain that there are no other groups."""
    return account.group, account.knows_all_groups


def test_the_default_group_is_remembered(account: Account, database: Database) -> None:
    account.logged_in(reply("lab"))
    account.use("lab")
    account.logged_out()
    assert (account.user, account.group, account.groups) == (None, None, set())
    later = Account(Settings(database), EventBus())
    later.logged_in(reply("lab"))
    assert in_use(later) == ("lab", True)
    later.logged_in(reply("other"))
    assert in_use(later) == (None, True)
    later.logged_in(reply("other").model_copy(update={"more_groups": 1}))
    # The tracker did not say that ann left it.
    assert in_use(later) == ("lab", False)
    later.logged_in(reply("class"))  # no member of it any more
    assert later.group is None


def test_joining_and_leaving(account: Account) -> None:
    account.logged_in(reply("lab"))
    account.joined("class")
    account.use("class")
    account.left("lab")
    assert account.group == "class"
    account.left("class")
    assert account.groups == set()
    with pytest.raises(MinitorrentError):
        account.require_group(None)


def test_pending_requests_are_counted(account: Account, notices: list[Notice]) -> None:
    account.logged_in(reply("lab", pending=1))
    account.on_event(event(EventKind.JOIN_REQUESTED))
    assert account.pending_requests == 2
    account.answered_requests("lab", ["y", "z", "nobody"])
    assert account.pending_requests == 0
    assert notices == [Notice(kind="join_requested", text="So.", group="lab", actor="x")]


def test_an_answer_may_overtake_the_notice_of_its_request(account: Account) -> None:
    account.logged_in(reply("lab"))
    account.answered_requests("lab", ["cat"])
    account.on_event(event(EventKind.JOIN_REQUESTED, subject="cat"))
    assert account.pending_requests == 0
    account.on_event(event(EventKind.JOIN_REQUESTED, subject="cat"))  # again, after that
    assert account.pending_requests == 1


def test_notices_tell_what_other_admins_decided(account: Account, notices: list[Notice]) -> None:
    account.logged_in(reply("lab", pending=2))
    account.on_event(event(EventKind.JOIN_REQUESTED, subject="cat"))
    notices.clear()
    for user, count in (("cat", 2), ("dan", 1), ("eva", 0), ("eva", 0)):
        account.on_event(event(EventKind.REQUEST_DECIDED, subject=user))
        assert account.pending_requests == count
    assert notices == []
    assert account.groups == {"lab"}


def test_lists_tell_what_other_admins_decided(account: Account) -> None:
    account.logged_in(reply("lab", "class", pending=2))
    for user in ("cat", "dan"):
        account.on_event(event(EventKind.JOIN_REQUESTED, subject=user))
    account.listed_requests("lab", ["dan", "eva"])  # eva asked before the login
    assert account.pending_requests == 3
    account.counted_requests({"lab": 2, "class": 3})
    assert account.pending_requests == 5
    account.counted_requests({"lab": 1})
    assert account.pending_requests == 1
    account.answered_requests("lab", ["eva"])
    assert account.pending_requests == 0
    account.counted_requests({})
    assert account.pending_requests == 0


def test_admission_and_removal_by_the_tracker(
    account: Account, events: EventBus, notices: list[Notice]
) -> None:
    ended: list[MembershipEnded] = []
    events.subscribe(MembershipEnded, ended.append)
    account.logged_in(reply())
    account.on_event(event(EventKind.REQUEST_ACCEPTED))
    assert account.groups == {"lab"}
    account.on_event(event(EventKind.MEMBER_REMOVED))
    assert account.groups == set()
    assert ended == [MembershipEnded("lab")]
    account.on_event(event("a_word_of_a_newer_tracker"))
    assert [notice.kind for notice in notices] == [
        "request_accepted",
        "member_removed",
        "a_word_of_a_newer_tracker",
    ]


def test_the_connection_is_lost_and_returns(
    account: Account, events: EventBus, notices: list[Notice]
) -> None:
    connections: list[TrackerConnected] = []
    events.subscribe(TrackerConnected, connections.append)
    account.on_connected(TRACKER, None)
    assert notices == []
    account.on_lost(TRACKER)
    account.on_connected(TRACKER, reply("lab"))
    account.on_connected(TRACKER, None)
    assert [connected.is_back for connected in connections] == [False, True, False]
    assert account.user == "ann"
    assert [notice.kind for notice in notices] == ["tracker", "tracker"]
    assert "Lost" in notices[0].text
    assert str(TRACKER) in notices[1].text


def test_missed_events_are_published_once(account: Account, notices: list[Notice]) -> None:
    account.report_missed(0)
    account.report_missed(1)
    account.report_missed(2)
    assert [notice.text.split(";")[0] for notice in notices] == [
        "You missed 1 notice",
        "You missed 2 notices",
    ]


def test_events_about_other_members(account: Account, events: EventBus) -> None:
    published: list[Event] = []
    events.subscribe(Event, published.append)
    account.on_event(event(EventKind.MEMBER_LEFT).model_copy(update={"removed": ["17"]}))
    assert published == [
        MemberRemoved("lab", "y"),
        CertificatesRevoked("lab", ("17",)),
        GroupEvent("member_left", "lab", "y", "So.", "x"),
    ]


def test_an_event_that_changes_nothing_here_is_published(
    account: Account, events: EventBus
) -> None:
    published: list[Event] = []
    events.subscribe(Event, published.append)
    account.on_event(event(EventKind.FILE_ADDED))
    assert published == [GroupEvent("file_added", "lab", "y", "So.", "x")]


def test_logging_in_and_out_is_published(
    account: Account, events: EventBus, notices: list[Notice]
) -> None:
    published: list[Event] = []
    events.subscribe(Event, published.append)
    account.logged_out()
    account.logged_in(reply())
    account.logged_out()
    assert published == [LoggedIn("ann"), LoggedOut("ann")]
    assert notices == []  # the user did it


def test_the_session_ends(account: Account, events: EventBus, notices: list[Notice]) -> None:
    ended: list[LoggedOut] = []
    events.subscribe(LoggedOut, ended.append)
    account.logged_in(reply("lab"))
    account.on_session_ended("It was ended elsewhere.")
    assert account.user is None
    account.on_session_ended("It had been ended here, and the link found out late.")
    assert ended == [LoggedOut("ann", "It was ended elsewhere.")]
    assert len(notices) == 1
    assert "ann" in notices[0].text


@pytest.mark.parametrize(("info_hash", "count"), [("ab" * 20, 1), ("", 0), ("garbage", 0)])
def test_a_removed_file_is_named_by_its_content(
    account: Account, events: EventBus, info_hash: str, count: int
) -> None:
    removals: list[FileRemoved] = []
    events.subscribe(FileRemoved, removals.append)
    notice = event(EventKind.FILE_REMOVED).model_copy(update={"info_hash": info_hash})
    account.on_event(notice)
    assert removals == [FileRemoved("lab", "y", InfoHash(b"\xab" * 20), "So.")] * count


# --- a remembered login -------------------------------------------------------------------------
OBSTACLE = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "No tracker can be reached.")


@pytest.fixture
def published(events: EventBus) -> list[Event]:
    """What the account publishes."""
    published: list[Event] = []
    events.subscribe(Event, published.append)
    return published


def test_a_remembered_login_is_resumed_once(account: Account, published: list[Event]) -> None:
    account.resumption.begin("ann", lambda: None)
    account.on_connected(TRACKER, reply("lab").model_copy(update={"unread_notices": 2}))
    assert published == [LoggedIn("ann"), LoginResumed("ann", 2), TrackerConnected(TRACKER)]
    with account.resumption.taking_up():
        assert account.require() == "ann"  # by whoever takes the login up
    published.clear()
    account.on_connected(TRACKER, reply("lab"))  # after a lost connection
    assert published == [LoggedIn("ann"), TrackerConnected(TRACKER)]


def test_a_refused_token_logs_out(
    account: Account, published: list[Event], notices: list[Notice]
) -> None:
    account.resumption.begin("ann", lambda: None)
    account.on_session_ended("This session has ended.")
    account.on_connected(TRACKER, None)
    assert published[0] == LoggedOut("ann", "This session has ended.")
    assert "ann is logged out: This session has ended." in [notice.text for notice in notices]
    with pytest.raises(MinitorrentError) as raised:
        account.require()
    assert raised.value.code is ErrorCode.NOT_LOGGED_IN


def test_without_a_tracker_the_login_is_delayed(account: Account) -> None:
    account.resumption.begin("ann", lambda: account.on_unreachable(OBSTACLE))
    account.on_unreachable(OBSTACLE)
    with pytest.raises(MinitorrentError) as raised:
        account.require()
    assert raised.value.code is ErrorCode.TRACKER_UNREACHABLE
    assert "logged in as ann" in raised.value.message


def test_a_tracker_that_may_not_see_the_token(account: Account) -> None:
    account.resumption.begin("ann", lambda: None)
    account.on_connected(TRACKER, None)
    with pytest.raises(MinitorrentError) as raised:
        account.require()
    assert raised.value.code is ErrorCode.NOT_LOGGED_IN


def test_an_own_removal_needs_no_notice(account: Account, notices: list[Notice]) -> None:
    account.logged_in(reply("lab"))
    account.on_event(event(EventKind.FILE_REMOVED).model_copy(update={"actor": "ann"}))
    assert notices == []
    account.on_event(event(EventKind.FILE_REMOVED).model_copy(update={"actor": "bob"}))
    assert len(notices) == 1
