"""The dialog with a group's audit trail, for its admins."""

from __future__ import annotations

from nicegui import ui

from client.results.lists import EventsResult
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import button, heading
from client.web.page.parts.dialogs import named
from client.web.page.parts.paged_search import PagedSearch
from client.web.page.parts.tables import Column, Table
from client.web.page.toasts import show_error
from client.web.page.translation import N_, _
from common.errors import MinitorrentError
from common.text import local_time, visible

_COLUMNS = (
    Column("number", N_("When"), shown="moment"),
    Column("who", N_("Who")),
    Column("what", N_("What")),
    Column("subject", N_("Subject")),
    Column("address", N_("From"), wide=True),
)
_SUBJECT = '<q-td :props="props"><span class="name">{{ props.row.subject }}</span></q-td>'


async def show_audit(commands: CommandClient, group: str) -> None:
    """Show a group's activity in a dialog, newest first, until the dialog is closed."""

    async def refresh() -> None:
        fields = search.fields
        try:
            found = await commands.ask(EventsResult, "audit", group=group, **fields)
        except MinitorrentError as error:
            show_error(error)
            return
        if not search.is_wanted(fields):
            return  # the search has changed meanwhile
        search.show_count(len(found.events), found.total)
        events.rows = _rows(found)

    with ui.dialog().props(named(_("Activity"))) as dialog, ui.card().classes("dialog big"):
        heading(_("Activity in {group}").format(group=group))
        events = Table(_COLUMNS, "number", _("No activity yet."), cells={"subject": _SUBJECT})
        search = PagedSearch(events, refresh)
        with ui.row().classes("buttons"):
            button(_("Close"), dialog.close, main=True)
    await refresh()
    await dialog
    dialog.delete()


def _rows(found: EventsResult) -> list[dict[str, object]]:
    return [
        {
            "number": number,
            "moment": local_time(row.at),
            "who": row.who,
            "what": _(row.what.replace("_", " ")),
            "subject": visible(row.subject),
            "address": row.address,
        }
        for number, row in enumerate(reversed(found.events))
    ]
