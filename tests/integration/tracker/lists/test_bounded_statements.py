"""No statement has more parameters, the more rows there are: databases limit their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from common.api import accounts, audit, events, files, groups, invitations, presence, tokens
from common.api.paging import MAX_PAGE
from tests.integration.tracker.lab import Lab
from tests.support.databases import bulk_rows
from tracker.services.caller import Identity
from tracker.services.catalogue import Services

pytestmark = pytest.mark.sqlite  # the statements are the same

MANY = MAX_PAGE + 500
MOST = MAX_PAGE + 100

Act = Callable[[Services, Identity], object]

ACTS: dict[str, Act] = {
    "list_files": lambda to, me: to.files.list_files(me, files.ListFiles(group="lab")),
    "by_seeders": lambda to, me: to.files.list_files(
        me, files.ListFiles(group="lab", sort="seeders")
    ),
    "find_files": lambda to, me: to.files.find_files(me, files.FindFiles()),
    "list_groups": lambda to, me: to.groups.list_groups(me, groups.ListGroups()),
    "list_members": lambda to, me: to.members.list_members(me, groups.ListMembers(group="lab")),
    "list_requests": lambda to, me: to.requests.list_requests(me, groups.ListRequests(group="lab")),
    "list_invites": lambda to, me: to.invitations.list_invites(
        me, invitations.ListInvites(group="lab")
    ),
    "list_sessions": lambda to, me: to.logins.list_sessions(me, accounts.ListSessions()),
    "list_tokens": lambda to, me: to.tokens.list_tokens(me, tokens.ListTokens()),
    "list_events": lambda to, me: to.events.list_events(me, audit.ListEvents(group="lab")),
    "list_notices": lambda to, me: to.notices.list_notices(me, events.ListNotices()),
    "events": lambda to, me: to.events.after(0),
    "announce": lambda to, me: to.announces.announce(
        me, presence.Announce(port=1, files=_announced())
    ),
    "change_password": lambda to, me: to.accounts.change_password(
        me, accounts.ChangePassword(old="secret123", new="secret1234")
    ),
    "heartbeat": lambda to, me: to.lifecycle.beat(),
    "stop": lambda to, me: to.lifecycle.stop(),
    "leave_group": lambda to, me: to.members.leave_group(me, groups.LeaveGroup(group="lab")),
}
"""What Ann does, in this order; in the end she leaves a group with all its files."""


def _announced() -> list[presence.AnnouncedFile]:
    with_group = 10_000_000  # the first group's files are numbered from here (see bulk_rows)
    return [
        presence.AnnouncedFile(info_hash=(with_group + number).to_bytes(20, "big").hex(), left=0)
        for number in range(presence.MAX_FILES)
    ]


@contextmanager
def most_parameters(*engines: Engine) -> Iterator[list[tuple[int, str]]]:
    """Record the number of parameters of each statement."""
    seen: list[tuple[int, str]] = []

    def watch(*args: Any) -> None:
        _, _, statement, values, _, is_many = args
        seen.append((max(map(len, values), default=0) if is_many else len(values), statement))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", watch)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", watch)


def fill(database: Path, tracker: str) -> None:
    """Give everything MANY rows."""
    with bulk_rows.opened(database) as store:
        bulk_rows.add_files(store, "lab", "ann", MANY)
        bulk_rows.add_peers(store, "lab", "ann")
        bulk_rows.add_groups(store, "ann", MANY)
        bulk_rows.add_members(store, "lab", MANY)
        (ann,) = store.execute("SELECT id FROM users WHERE name = 'ann'").fetchone()
        (lab,) = store.execute("SELECT id FROM groups WHERE name = 'lab'").fetchone()
        for scope in (None, "read"):
            store.executemany(
                "INSERT INTO tokens (user_id, digest, address, created_at, expires_at, scope)"
                " VALUES (?, randomblob(32), '', 0, 9e9, ?)",
                [(ann, scope)] * MANY,
            )
        store.execute(
            "INSERT INTO connections (id, tracker_id, token_id, user_id, opened_at)"
            " SELECT 'c' || users.id, ?, tokens.id, users.id, 0 FROM users, tokens"
            " WHERE tokens.id = (SELECT MAX(id) FROM tokens) AND users.id <> ?",
            [tracker, ann],
        )
        store.execute(
            "INSERT INTO join_requests (group_id, user_id, requested_at)"
            " SELECT id, ?, 0 FROM groups WHERE id <> ?",
            [ann, lab],
        )
        store.executemany(
            "INSERT INTO invitations (group_id, created_by, digest, created_at, expires_at,"
            " uses_left, makes_admins) VALUES (?, ?, randomblob(32), 0, 9e9, 1, 0)",
            [(lab, ann)] * MANY,
        )
        store.execute(
            "INSERT INTO holders (group_id, user_id, token_id, uid, certified_until)"
            " SELECT ?, user_id, id, 'h' || id, 9e9 FROM tokens WHERE scope IS NULL",
            [lab],
        )


def test_no_statement_grows_with_the_rows(lab: Lab, tmp_path: Path) -> None:
    fill(tmp_path / "tracker.db", lab.services.lifecycle._tracker_id)
    me = lab.ann.caller.require_login()
    with most_parameters(lab.store._engine, lab.store._urgent) as seen:
        lab.client("ann")
        assert max(seen)[0] <= MOST
        for name, act in ACTS.items():
            before = len(seen)
            act(lab.services, me)
            count, statement = max(seen[before:])
            assert count <= MOST, f"{name} has {count} parameters: {statement[:200]}"
