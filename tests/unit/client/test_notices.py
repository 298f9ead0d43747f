"""Every kind of notice is shown by the shell, the page's list, `notices` and the event stream."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest
from nicegui import Client, ui
from nicegui.page import page

from client.core.notices.events import EventsMissed
from client.core.notices.notice_kinds import PRESENTATIONS, Keeper, NoticeKind, presentation_of
from client.event_bus import EventBus
from client.notices import Notices
from client.results.lists import NoticeRow as ShownRow
from client.results.lists import NoticesResult
from client.results.overview import Notice
from client.services.notices import NoticeService
from client.shell.output import Output
from client.shell.script import Script
from client.shell.terminal.keyboard import Keyboard
from client.shell.terminal.signals import Interrupts
from client.web.events import Events
from client.web.page.command_client import CommandClient
from client.web.page.tabs.notices import NoticesTab
from client.web.pool import CommandPool
from common.api.events import EventKind, ListNotices, ListNoticesReply, NoticeRow
from common.api.operation import Operation, ReplyT, RequestT
from common.api.paging import MAX_PAGE
from tests.support.fakes.services.session import FakeSession
from tracker.domain.audience import AUDIENCES, Audience
from tracker.services.events import as_notice
from tracker.store.records import Event

KINDS = list(NoticeKind)

TEXT = "Something has happened."


@pytest.fixture
def notices(events: EventBus) -> Notices:
    made = Notices(events)
    made.publish_events()
    return made


def test_every_notice_is_kept_by_client_or_tracker() -> None:
    """A kind that the tracker pushes is listed by the tracker, or else kept by the client."""
    pushed = {kind: audience for kind, audience in AUDIENCES.items() if str(kind) in KINDS}
    for kind, audience in pushed.items():
        lists = audience is not Audience.CONNECTED_MEMBERS
        assert presentation_of(kind).keeper is (Keeper.TRACKER if lists else Keeper.CLIENT)
    others = {as_notice_kind(kind) for kind in set(AUDIENCES) - set(pushed)}
    assert others == {EventKind.ROLE_CHANGED, EventKind.MEMBER_LEFT}


def as_notice_kind(kind: EventKind) -> str:
    event = Event(1, 0.0, kind, 1, "lab", "a", "b", TEXT, "", "", None)
    return as_notice(event).kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_shell_shows_every_kind(kind: NoticeKind) -> None:
    session, err = FakeSession(), io.StringIO()
    with Interrupts(ctrl_c_ends=True) as interrupts:
        Script(session, Output(io.StringIO(), err), interrupts, Keyboard())
        session.notices.notify(kind, TEXT)
    assert err.getvalue() == f"{TEXT}\n"


class Tracker:
    """TrackerCalls that have one answer: these notices."""

    def __init__(self, notices: list[NoticeRow]) -> None:
        self._reply = ListNoticesReply(notices=notices, unread=0, total=len(notices))

    def call(self, operation: Operation[RequestT, ReplyT], **arguments: object) -> ReplyT:
        operation.read_request(arguments)
        return operation.read_reply(self._reply.model_dump())


def listed(
    notices: Notices, tracker_rows: list[NoticeRow], limit: int | None = None
) -> NoticesResult:
    """Return the result of `notices` when the tracker has ``tracker_rows``."""
    return NoticeService(notices, Tracker(tracker_rows)).list(limit=limit)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not NoticeKind.MISSED])
def test_the_command_lists_every_kind(notices: Notices, kind: NoticeKind) -> None:
    notices.publish(kind, TEXT, "lab")
    by_tracker = NoticeRow(at="2020-01-01T00:00:00Z", kind=kind, group="lab", text=TEXT)
    is_kept_there = presentation_of(kind).keeper is Keeper.TRACKER
    found = listed(notices, [by_tracker] if is_kept_there else [])
    assert [(row.kind, row.group, row.text) for row in found.notices] == [(kind, "lab", TEXT)]
    assert found.total == 1


def test_the_command_does_not_list_its_own_hint(notices: Notices, events: EventBus) -> None:
    events.publish(EventsMissed(2))
    assert listed(notices, []).notices == []


def test_both_lists_are_merged_by_time(notices: Notices) -> None:
    notices.publish(NoticeKind.WARNING, "now")
    rows = [
        NoticeRow(at=at, kind="file_added", group="lab", text=at[:4])
        for at in ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z")
    ]
    assert [row.text for row in listed(notices, rows).notices] == ["2020", "now", "2999"]
    newest = listed(notices, rows, limit=2)
    assert [row.text for row in newest.notices] == ["now", "2999"]
    assert newest.total == 3


class PagingTracker:
    """TrackerCalls with many notices, of which the first page has the newest 50."""

    def __init__(self, rows: list[NoticeRow]) -> None:
        self._rows = rows
        self.limits: list[int | None] = []

    def call(self, operation: Operation[RequestT, ReplyT], **arguments: object) -> ReplyT:
        request = operation.read_request(arguments)
        assert isinstance(request, ListNotices)
        self.limits.append(request.limit)
        end = len(self._rows) - (50 if request.after else 0)
        start = max(0, end - (request.limit or 50))
        reply = ListNoticesReply(
            notices=self._rows[start:end], unread=0, total=len(self._rows), next=str(start) or None
        )
        return operation.read_reply(reply.model_dump())


def test_a_burst_does_not_push_others_out_of_the_list(events: EventBus) -> None:
    row = NoticeRow(at="2026-01-01T00:00:00Z", kind="join_requested", group="lab", text=TEXT)
    added = row.model_copy(update={"kind": "file_added", "actor": "ann"})
    tracker = PagingTracker([*[row] * 60, *[added] * 70])
    found = NoticeService(Notices(events), tracker).list()
    assert tracker.limits == [None, MAX_PAGE]
    assert [one.kind for one in found.notices] == ["join_requested"] * 49 + ["file_added"] * 70
    assert found.total == 130

    tracker = PagingTracker([row] * 60)
    assert len(NoticeService(Notices(events), tracker).list().notices) == 50
    assert tracker.limits == [None]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_lists_every_kind(kind: NoticeKind, tmp_path: Path) -> None:
    session = FakeSession()
    session.notices.rows = [ShownRow(at="2026-01-01T00:00:00Z", kind=kind, group="lab", text=TEXT)]
    commands = CommandClient(CommandPool(session, lambda: False), tmp_path, "token")

    async def draw() -> list[str]:
        with Client(page("/")) as client:
            await NoticesTab(commands).refresh()
            return [
                element.text
                for element in client.elements.values()
                if isinstance(element, ui.label)
            ]

    shown = asyncio.run(draw())
    assert TEXT in shown
    assert PRESENTATIONS[kind].heading in shown


@pytest.mark.parametrize("kind", KINDS)
def test_the_event_stream_carries_every_kind(kind: NoticeKind) -> None:
    session = FakeSession()

    async def first_notice() -> str:
        stream = Events(session).stream()
        await anext(stream)  # the overview
        session.notices.notify(kind, TEXT)
        sent = await anext(stream)
        await stream.aclose()
        return sent

    event, data, *_ = asyncio.run(first_notice()).splitlines()
    assert event == "event: notice"
    notice = json.loads(data.removeprefix("data: "))
    assert notice == {"kind": kind.value, "text": TEXT, "group": None}


def test_an_unknown_kind_of_a_newer_tracker_is_kept() -> None:
    notice = Notice(kind="a_word_of_a_newer_tracker", text=TEXT)
    assert json.loads(notice.model_dump_json())["kind"] == "a_word_of_a_newer_tracker"
    assert Notice(kind="warning", text=TEXT).kind is NoticeKind.WARNING
