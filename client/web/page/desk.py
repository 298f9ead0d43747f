"""What every part of the page works with: commands run off the event loop, and their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from nicegui import ui
from pydantic import BaseModel

from client.commands.parsing import quote
from client.commands.registry import COMMANDS
from client.commands.runner import Runner
from client.engine import status
from client.web.page.heard import Notices
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.engine.session import HashProgress, Session

Answer = TypeVar("Answer", bound=BaseModel)
Value = TypeVar("Value")

_THREADS = 16
"""Commands that run at the same time; most of them wait for the tracker."""


class Desk:
    """The session as the page uses it.

    `folder` is where files are kept that were dropped on the page. Everything that may block
    runs in a thread of its own pool, never on the event loop.
    """

    def __init__(self, session: Session, folder: Path) -> None:
        self._session = session
        self.folder = folder
        self.heard = Notices()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="page")
        session.on_notice(self.heard.add)

    @staticmethod
    def knows(command: str) -> bool:
        """Whether there is a command of this name."""
        return command in COMMANDS

    async def ask(
        self,
        kind: type[Answer],
        command: str,
        *words: str,
        progress: HashProgress | None = None,
        flags: Sequence[str] = (),
    ) -> Answer:
        """Run a command of the registry; its answer. Raises MinitorrentError as the command does.

        `flags` are options without a value, by name.
        """
        line = " ".join([command, *(f"--{flag}" for flag in flags), *map(quote, words)])
        runner = Runner(self._session, progress=progress)
        outcome = await self.work(lambda: runner.run(line))
        assert outcome is not None
        if isinstance(outcome.answer, MinitorrentError):
            raise outcome.answer
        assert isinstance(outcome.answer, kind)
        return outcome.answer

    async def do(self, command: str, *words: str, flags: Sequence[str] = ()) -> bool:
        """Run a command for a person who waits: an error is shown. Whether it succeeded."""
        try:
            await self.ask(BaseModel, command, *words, flags=flags)
        except MinitorrentError as error:
            tell_error(error)
            return False
        return True

    async def explain(self, command: str, *words: str) -> None:
        """Run a command whose answer is a few sentences, and show them until they are closed."""
        try:
            answer = await self.ask(BaseModel, command, *words)
        except MinitorrentError as error:
            tell_error(error)
            return
        facts = answer.model_dump()
        text = " ".join(str(facts[key]) for key in ("reason", "hint") if facts.get(key))
        ui.notify(text, classes="notice", timeout=0, close_button="Close")

    async def overview(self) -> status.Overview:
        """Who is logged in, and what runs."""
        return await self.work(self._session.overview)

    async def piece_map(self, group: str, name: str, cells: int) -> status.PieceMap:
        """Which pieces of a transfer are here; raises MinitorrentError(no_such_file)."""
        return await self.work(lambda: self._session.piece_map(group, name, cells))

    async def work(self, call: Callable[[], Value]) -> Value:
        """The value of a call that may block."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Run nothing any more that has not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def tell(text: str) -> None:
    """Show a sentence for a few seconds; it is plain text, whatever is in it."""
    ui.notify(text, classes="notice", position="bottom-right")


def tell_error(error: MinitorrentError) -> None:
    """Show what went wrong, until it is closed."""
    seconds = 0 if error.code is ErrorCode.INTERNAL else 10_000
    ui.notify(
        error.message,
        classes="notice notice-error",
        position="bottom-right",
        timeout=seconds,
        close_button="Close",
    )
