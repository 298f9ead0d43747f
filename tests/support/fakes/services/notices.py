"""Notices as the shell sees them."""

from __future__ import annotations

from collections.abc import Callable

from client.results.lists import NoticeRow, NoticesResult
from client.results.overview import Notice
from client.services.paging import USUAL_LIMIT
from tests.support.fakes.services.state import FakeState, unusual


class FakeNotices:
    """`client.services.notices.NoticeService`; `notify` gives all listeners a notice."""

    def __init__(self, state: FakeState) -> None:
        self._state = state
        self.rows = [
            NoticeRow(
                at="2026-01-02T03:04:05Z",
                kind="file_added",
                group="lab",
                text="bob shares film.mkv in lab.",
            )
        ]
        self._listeners: list[Callable[[Notice], None]] = []

    def notify(self, kind: str, text: str) -> None:
        for listener in self._listeners:
            listener(Notice(kind=kind, text=text))

    def listen(
        self, callback: Callable[[Notice], None], *, folds: bool = False
    ) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def list(self, pattern: str = "", *, limit: int | None = None) -> NoticesResult:
        self._state.called("notices", *unusual(pattern, USUAL_LIMIT if limit is None else limit))
        return NoticesResult(notices=self.rows, total=len(self.rows), pattern=pattern)
