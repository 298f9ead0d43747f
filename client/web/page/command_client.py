"""How the parts of the page run commands, get notices and show messages."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from client.commands.registry import COMMANDS
from client.results.overview import Notice
from client.results.transfers import WhyResult
from client.services.api import SessionApi
from client.services.content.uploads import HashProgress
from client.web.models import read_arguments
from client.web.page.sentences import in_page_words
from client.web.page.toasts import CommandError, has_succeeded, show_error, show_message
from client.web.pool import CommandPool
from common.errors import MinitorrentError

_KEPT = 500
"""Notices kept for windows that have not shown them yet."""


class NoticeLog:
    """The newest notices since the start; written by any thread, read by the event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notices: deque[Notice] = deque(maxlen=_KEPT)
        self._count = 0

    def add(self, notice: Notice) -> None:
        """Add a notice."""
        with self._lock:
            self._count += 1
            self._notices.append(notice)

    @property
    def count(self) -> int:
        """The number of notices since the start."""
        return self._count

    def after(self, count: int) -> list[Notice]:
        """Return the notices that followed the first `count`, the oldest first."""
        with self._lock:
            new = min(self._count - count, len(self._notices))
            return list(self._notices)[len(self._notices) - new :]


Answer = TypeVar("Answer", bound=BaseModel)
Value = TypeVar("Value")
Field = str | int | list[str] | None
"""A field of a command's JSON body; None is the same as leaving it out."""


class CommandClient:
    """Runs the session's commands for the page, as programs do over HTTP.

    `folder` stores files dropped on the page. `token` proves to the server that a request comes
    from the page.
    """

    def __init__(self, pool: CommandPool, folder: Path, token: str) -> None:
        self._pool = pool
        self.token = token
        self.folder = folder
        self.notice_log = NoticeLog()
        pool.session.notices.listen(self.notice_log.add, folds=True)

    @property
    def download_folder(self) -> Path:
        """Where downloads go unless the user names a place."""
        return self._pool.session.settings.download_folder

    async def ask(
        self,
        kind: type[Answer],
        name: str,
        progress: HashProgress | None = None,
        /,
        **fields: Field,
    ) -> Answer:
        """Run a command with the fields of its JSON body and return its answer.

        Raises MinitorrentError as the command does.
        """
        command = COMMANDS[name]
        arguments = read_arguments(command, fields)
        outcome = await self._pool.run(command, arguments, progress=progress)
        if isinstance(outcome.answer, MinitorrentError):
            raise CommandError(name, outcome.answer)
        has_succeeded(name)
        assert isinstance(outcome.answer, kind)
        return outcome.answer

    async def do(self, name: str, /, **fields: Field) -> bool:
        """Run a command and show its error, if any; return whether it succeeded."""
        try:
            await self.ask(BaseModel, name, **fields)
        except MinitorrentError as error:
            show_error(error)
            return False
        return True

    async def explain(self, group: str, name: str) -> None:
        """Show why a transfer isn't moving, and the next step, until the user closes it."""
        try:
            answer = await self.ask(WhyResult, "why", group=group, name=name)
        except MinitorrentError as error:
            show_error(error)
            return
        text = f"{in_page_words(answer.reason)} {in_page_words(answer.hint)}"
        show_message(text, stays=True)

    async def query(self, call: Callable[[SessionApi], Value]) -> Value:
        """Return what `call` returns for the session; raises MinitorrentError as the session does.

        This is for what no command answers.
        """
        return await self.work(lambda: call(self._pool.session))

    async def work(self, call: Callable[[], Value]) -> Value:
        """Return the value of a call that may block; it runs in a thread."""
        return await self._pool.work(call)
