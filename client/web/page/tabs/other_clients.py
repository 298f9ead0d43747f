"""What members need for their other BitTorrent clients: metainfo files, announce addresses."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from nicegui import ui

from client.results.metainfo import AnnounceKeyResult, MetainfoResult, PublishResult
from client.storage.paths.typed_path import typed_path
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import button, field, heading, icon_button
from client.web.page.parts.dialogs import PathDialog, answers, confirm, named
from client.web.page.toasts import show_error, show_message
from client.web.page.translation import _
from common.errors import MinitorrentError


async def publish(commands: CommandClient, group: str) -> bool:
    """Ask for a metainfo file and publish it in the group; return whether that succeeded."""
    title = _("Publish a .torrent")
    with ui.dialog().props(named(title)) as dialog, ui.card().classes("dialog"):
        heading(title)
        ui.label(
            _(
                "For files that only your other BitTorrent client has. You get a .torrent for "
                "this group, to seed with in that client."
            )
        ).classes("quiet")
        with ui.row().classes("bar"):
            path = field(_("Path of a .torrent file")).classes("grow")
            path.props("autofocus").on("keydown.enter", lambda: dialog.submit(True))

            async def browse() -> None:
                path.value = await _choose(commands, path.value, folders_only=False) or path.value

            icon_button("folder_open", _("Choose a .torrent file"), browse)
        answers(dialog, _("Publish"), _("Close"))
    is_meant, torrent = await dialog is True, path.value.strip()
    dialog.delete()
    if not is_meant:
        return False
    try:
        done = await commands.ask(PublishResult, "publish", metainfo=torrent, group=group)
    except MinitorrentError as error:
        show_error(error)
        return False
    text = _("Published {name} in {group}; seed it with {path}.")
    show_message(text.format(name=done.name, group=group, path=done.metainfo), stays=True)
    return True


async def save_metainfo(commands: CommandClient, group: str, name: str) -> None:
    """Ask for a folder and write the metainfo of a file of the group there."""
    folder = await _choose(commands, "", folders_only=True)
    if folder is None:
        return
    fields = {"group": group, "name": name, "file": folder}
    try:
        written = await commands.ask(MetainfoResult, "metainfo", **fields)
    except MinitorrentError as error:
        show_error(error)
        return
    show_message(_("Wrote {path}.").format(path=written.metainfo))


async def show_announce_address(commands: CommandClient, group: str) -> None:
    """Show the user's announce address in the group, until the user closes the dialog."""
    address = await _announce_address(commands, group)
    if address is None:
        return
    title = _("Announce address in {group}").format(group=group)
    with ui.dialog().props(named(title)) as dialog, ui.card().classes("dialog"):
        heading(title)
        ui.label(
            _(
                "For your other BitTorrent clients. Whoever knows it can announce as you in this "
                "group."
            )
        ).classes("quiet")
        with ui.row().classes("bar"):
            shown = field(_("Announce address"), address).props("readonly").classes("grow")
            # Browsers allow it only during a click, so this runs in the browser.
            script = f"() => navigator.clipboard?.writeText(getElement({shown.id}).value)"
            button(_("Copy"), icon="content_copy").on("click", js_handler=script)

        async def renew() -> None:
            question = _("Replace this address? The old one is void at once.")
            if await confirm(question, _("Replace")):
                shown.value = await _announce_address(commands, group, renew=True) or shown.value

        with ui.row().classes("buttons"):
            button(_("Replace"), renew)
            button(_("Close"), dialog.close, main=True)
    await dialog
    dialog.delete()


async def _announce_address(
    commands: CommandClient, group: str, *, renew: bool = False
) -> str | None:
    try:
        found = await commands.ask(AnnounceKeyResult, "announce_key", group=group, renew=renew)
    except MinitorrentError as error:
        show_error(error)
        return None
    return found.announce


async def _choose(commands: CommandClient, typed: str, *, folders_only: bool) -> str | None:
    start = Path.home()
    with suppress(MinitorrentError):  # start at home instead
        start = typed_path(typed).parent if typed else start
    title = _("Choose a folder for the .torrent") if folders_only else _("Choose a .torrent file")
    return await PathDialog(commands, title, start, folders_only=folders_only).choose()
