"""The dialog with a group's size, and what its users have sent and received."""

from __future__ import annotations

from nicegui import ui

from client.results.lists import StatsResult
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import button, heading
from client.web.page.parts.dialogs import named
from client.web.page.parts.paged_search import PagedSearch
from client.web.page.parts.tables import Column, Table
from client.web.page.toasts import show_error
from client.web.page.translation import N_, _, ngettext
from common.errors import MinitorrentError
from common.text import size

_COLUMNS = (
    Column("user", N_("User")),
    Column("up", N_("Sent"), right=True, shown="sent"),
    Column("down", N_("Received"), right=True, shown="received"),
)


async def show_statistics(commands: CommandClient, group: str) -> None:
    """Show a group's figures in a dialog until it is closed."""

    async def refresh() -> None:
        fields = search.fields
        try:
            found = await commands.ask(StatsResult, "stats", group=group, **fields)
        except MinitorrentError as error:
            show_error(error)
            return
        if search.is_wanted(fields):
            about.text = _about(found)
            search.show_count(len(found.users), found.total)
            users.show(_rows(found))

    with ui.dialog().props(named(_("Statistics"))) as dialog, ui.card().classes("dialog big"):
        heading(_("Statistics of {group}").format(group=group))
        about = ui.label()
        users = Table(_COLUMNS, "user", _("No member matches."))
        search = PagedSearch(users, refresh)
        ui.label(
            _("As reported by members' clients, every half minute or so, for files of this group.")
        ).classes("quiet")
        with ui.row().classes("buttons"):
            button(_("Close"), dialog.close, main=True)
    await refresh()
    await dialog
    dialog.delete()


def _about(found: StatsResult) -> str:
    files = ngettext("{number} file", "{number} files", found.files).format(number=found.files)
    return _("{files}, {size} in all").format(files=files, size=size(found.bytes))


def _rows(found: StatsResult) -> list[dict[str, object]]:
    moved = [(row.user, row.up, row.down) for row in found.users]
    if found.left is not None:
        moved.append((_("(left)"), found.left.up, found.left.down))
    return [
        {"user": user, "up": up, "down": down, "sent": size(up), "received": size(down)}
        for user, up, down in moved
    ]
