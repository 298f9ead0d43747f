"""What can be done to all selected transfers at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from client.services.api import SessionApi
from client.services.transfer_list import TransferQuery
from client.web.page.command_client import CommandClient
from client.web.page.parts.bulk import run_on_all
from client.web.page.parts.dialogs import confirm
from client.web.page.parts.marks import BulkAction, Marks
from client.web.page.toasts import show_message
from client.web.page.translation import N_, _, ngettext


class TransferBulk:
    """Pauses, resumes and stops the selected transfers; `changed` is called afterwards."""

    def __init__(
        self, commands: CommandClient, marks: Marks, changed: Callable[[], Awaitable[None]]
    ) -> None:
        self._commands = commands
        self._marks = marks
        self._changed = changed
        self.actions = (
            BulkAction(N_("Pause"), N_("Pause selected"), "pause", self._pause),
            BulkAction(N_("Resume"), N_("Resume selected"), "play_arrow", self._resume),
            BulkAction(N_("Stop"), N_("Stop selected"), "link_off", self._stop),
        )

    async def _pause(self) -> None:
        done = await self._run(lambda session, *names: session.transfers.pause(*names))
        text = ngettext("Paused {number} transfer.", "Paused {number} transfers.", done)
        if done:
            show_message(text.format(number=f"{done:,}"))

    async def _resume(self) -> None:
        done = await self._run(lambda session, *names: session.transfers.resume(*names))
        text = ngettext("Resumed {number} transfer.", "Resumed {number} transfers.", done)
        if done:
            show_message(text.format(number=f"{done:,}"))

    async def _stop(self) -> None:
        number = len(self._marks.names)
        question = ngettext(
            "Stop {number} transfer? Shared files stay on your disk; the partial data of an "
            "unfinished download is deleted.",
            "Stop {number} transfers? Shared files stay on your disk; the partial data of "
            "unfinished downloads is deleted.",
            number,
        )
        if not await confirm(question.format(number=f"{number:,}"), _("Stop"), _("Keep")):
            return
        names = await self._commands.query(lambda session: session.transfers.names(TransferQuery()))
        complete = {(one.group, one.name) for one in names if one.complete}

        def stop(session: SessionApi, group: str, name: str) -> object:
            if (group, name) in complete:
                return session.files.stop_share(group, name)
            return session.transfers.cancel(group, name)

        done = await self._run(stop)
        self._marks.clear()
        text = ngettext("Stopped {number} transfer.", "Stopped {number} transfers.", done)
        if done:
            show_message(text.format(number=f"{done:,}"))

    async def _run(self, call: Callable[[SessionApi, str, str], object]) -> int:
        """Do something to all selected transfers; return how many it succeeded for."""
        done = await run_on_all(self._commands, self._marks.names, call)
        await self._changed()
        return done
