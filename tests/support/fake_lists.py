"""Lists as the shell sees them: ann's lab with bob in it, and eve asking to be let in."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from client.services import lists
from client.services.lists import USUAL_LIMIT
from common.api import groups
from common.api.accounts import SessionRow
from common.api.audit import AuditRow
from common.api.events import NoticeRow
from common.api.files import Sort
from tests.support.fake_rows import file_rows


class FakeLists:
    """`client.services.lists.Lists`; `called` is told of each call.

    `more_files` and `more_groups` are names of others than the usual.
    """

    def __init__(self, called: Callable[..., None]) -> None:
        self._called = called
        self.more_files: list[str] = []
        self.more_groups: list[str] = []

    def files(
        self,
        group: str | None,
        pattern: str = "",
        *,
        sort: Sort = "name",
        limit: int = USUAL_LIMIT,
    ) -> lists.FilesResult:
        self._called("list_files", group, *_asked(pattern, limit), *([sort] * (sort != "name")))
        usual = file_rows()
        rows = usual + [usual[0].model_copy(update={"name": name}) for name in self.more_files]
        fitting = [row for row in rows if _fits(row.name, pattern)]
        return lists.FilesResult(
            group=group or "lab",
            files=fitting[: limit or None],
            total=len(fitting),
            pattern=pattern,
        )

    def groups(
        self, pattern: str = "", *, member: bool | None = None, limit: int = USUAL_LIMIT
    ) -> lists.GroupsResult:
        self._called("list_groups", *_asked(pattern, limit))
        known = [("lab", "ann", True), ("studio", "zoe", False)]
        known += [(name, "zoe", False) for name in self.more_groups]
        rows = [
            groups.GroupRow(group=name, owner=owner, members=2, files=3, mode="open", member=own)
            for name, owner, own in known
            if member in (None, own) and _fits(name, pattern)
        ]
        return lists.GroupsResult(
            groups=rows[: limit or None], total=len(rows), pattern=pattern, user="ann"
        )

    def members(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> lists.MembersResult:
        self._called("list_members", group, *_asked(pattern, limit))
        rows = [
            groups.MemberRow(user="ann", role="owner", online=True),
            groups.MemberRow(user="bob", role="member", online=False),
        ]
        return lists.MembersResult(
            group=group or "lab", members=rows, total=len(rows), pattern=pattern
        )

    def requests(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> lists.RequestsResult:
        self._called("list_requests", group, *_asked(pattern, limit))
        row = groups.RequestRow(user="eve", requested_at="2026-01-02T03:04:05Z")
        return lists.RequestsResult(group=group or "lab", requests=[row], total=1, pattern=pattern)

    def events(
        self,
        group: str | None,
        pattern: str = "",
        *,
        before: int | None = None,
        limit: int = USUAL_LIMIT,
    ) -> lists.EventsResult:
        self._called("audit", group, *_asked(pattern, limit), *([before] if before else []))
        rows = [
            AuditRow(
                at="2026-01-02T03:04:05Z",
                who="ann",
                what="request_accepted",
                subject="bob",
                address="192.0.2.1",
            ),
            AuditRow(
                at="2026-01-02T03:04:06Z", who="", what="login_failed", subject="bob", address=""
            ),
        ]
        return lists.EventsResult(
            events=rows, total=len(rows), pattern=pattern, before=None, group=group or "lab"
        )

    def notices(self, pattern: str = "", *, limit: int | None = None) -> lists.NoticesResult:
        self._called("notices", *_asked(pattern, USUAL_LIMIT if limit is None else limit))
        row = NoticeRow(
            at="2026-01-02T03:04:05Z",
            kind="file_added",
            group="lab",
            text="bob shares film.mkv in lab.",
        )
        return lists.NoticesResult(notices=[row], total=1, pattern=pattern)

    def sessions(self, pattern: str = "", *, limit: int = USUAL_LIMIT) -> lists.SessionsResult:
        self._called("sessions", *_asked(pattern, limit))
        row = SessionRow(id=17, address="192.0.2.1", since="2026-01-02T03:04:05Z", current=True)
        return lists.SessionsResult(sessions=[row], total=1, pattern=pattern)


def _asked(pattern: str, limit: int) -> list[object]:
    """What is unusual in a call."""
    return [*([pattern] if pattern else []), *([limit] if limit != USUAL_LIMIT else [])]


def _fits(name: str, pattern: str) -> bool:
    folded = pattern.casefold()
    if "*" in pattern or "?" in pattern:
        return fnmatchcase(name.casefold(), folded)
    return folded in name.casefold()
