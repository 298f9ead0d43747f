"""The audience of an event: the same users live, if connected, and later, in their lists."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from common.api.events import EventKind
from tests.support.databases.database import empty_database
from tracker.domain.audience import Audience, audience_of
from tracker.domain.rules import Role
from tracker.services.events import EventService
from tracker.store import records
from tracker.store.engine import open_store
from tracker.store.schema.accounts import Token, User
from tracker.store.schema.base import Base
from tracker.store.schema.events import Event
from tracker.store.schema.files import File, Share
from tracker.store.schema.groups import Group, Membership
from tracker.store.schema.presence import Connection, Tracker
from tracker.store.unit_of_work import UnitOfWorkFactory

ROLES = {"owner": Role.OWNER, "admin": Role.ADMIN, "member": Role.MEMBER, "sharer": Role.MEMBER}
USERS = [*ROLES, "outsider"]
FILE = "x.bin"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnitOfWorkFactory]:
    """A group in which everybody is connected; every kind of event, of every actor and subject."""
    url = empty_database(tmp_path_factory.mktemp("audience"))
    engine = create_engine(url)
    with Session(engine) as session:
        for row in (*_base_rows(), *_relations(), *_events()):
            session.add(row)
            session.flush()  # in this order, as the references between them need it
        session.commit()
    engine.dispose()
    store = open_store(url)
    yield store
    store.close()


def _base_rows() -> list[Base]:
    users = [User(id=n, name=name, password_hash="", created_at=0) for n, name in _numbered()]
    tokens = [
        Token(id=n, user_id=n, digest=bytes([n] * 32), address="", created_at=0, expires_at=9e9)
        for n, _ in _numbered()
    ]
    tracker = Tracker(id="tracker", host="127.0.0.1", port=1, http_port=None, heartbeat_at=0)
    group = Group(id=1, name="lab", uid="lab", mode="open", created_at=0)
    file = File(
        id=1, group_id=1, name=FILE, info_hash=b"", size=1, pieces=1, added_at=0, added_by=None
    )
    return [*users, *tokens, tracker, group, file]


def _relations() -> list[Base]:
    numbers = {name: number for number, name in _numbered()}
    members = [
        Membership(group_id=1, user_id=numbers[name], role=role.value, joined_at=0)
        for name, role in ROLES.items()
    ]
    connections = [
        Connection(id=name, tracker_id="tracker", token_id=n, user_id=n, opened_at=0)
        for n, name in _numbered()
    ]
    return [*members, *connections, Share(file_id=1, user_id=numbers["sharer"], shared_at=0)]


def _events() -> list[Event]:
    return [
        Event(
            at=1.0,
            kind=kind.value,
            group_id=1,
            group_name="lab",
            actor=actor,
            subject=subject,
            text="",
        )
        for kind in EventKind
        for actor in ("admin", "member", "sharer")
        for subject in ("member", "outsider", FILE)
    ]


def numbered_events() -> list[records.Event]:
    """The events as they are stored."""
    return [
        records.Event(number, one.at, one.kind, 1, "lab", one.actor, one.subject, "", "", "", None)
        for number, one in enumerate(_events(), 1)
    ]


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(USERS, 1))


@pytest.mark.parametrize("near", [1, 1000], ids=["looked up", "gone through"])
@pytest.mark.parametrize("kind", EventKind)
def test_users_get_the_same_events_live_and_later(
    store: UnitOfWorkFactory, kind: EventKind, near: int
) -> None:
    events = [event for event in numbered_events() if event.kind == kind]
    at_once = {
        one.notice.id: one.users
        for one in EventService(store, "tracker", time.monotonic).after(0).deliveries
        if one.notice.kind != EventKind.REQUEST_DECIDED  # of which admins hear only live
    }
    with store.read() as work:
        work.event_lists.near = near
        users = [user for name in USERS if (user := work.users.by_name(name)) is not None]
        lists = {
            user.name: {event.id for event in work.event_lists.relevant_to(user, "", 0, 500)}
            for user in users
        }
    assert events
    for event in events:
        audience = audience_of(kind)
        expected = members_in(audience, event.subject)
        others = expected - {event.actor}
        told = at_once.get(event.id, frozenset())
        assert told == (expected if audience.includes_actor else others)
        listed = set() if audience is Audience.CONNECTED_MEMBERS else others - {FILE}
        assert {name for name in USERS if event.id in lists[name]} == listed


def test_recipients_are_found_alike_in_groups_of_any_size(store: UnitOfWorkFactory) -> None:
    events = numbered_events()
    with store.read() as work:
        by_members = work.events.recipients(events, "tracker")
        by_connections = work.events.recipients(events, "tracker", large=1)
        elsewhere = work.events.recipients(events, "another tracker")
    for event in events:
        assert by_connections.of(event) == by_members.of(event)
        assert elsewhere.of(event) <= {event.subject}
    assert any(by_connections.of(event) == set(ROLES) for event in events)


def members_in(audience: Audience, subject: str) -> set[str]:
    """The recipients of a notice, with the actor."""
    match audience:
        case Audience.ADMINS:
            return {"owner", "admin"}
        case Audience.SHARERS:
            return {"sharer"} if subject == FILE else set()
        case Audience.SUBJECT:
            return {subject}
        case Audience.NOBODY:
            return set()
        case _:
            return set(ROLES)
