"""The dialogs in which admins give a member a role, and decide who adds files to the group."""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import ui

from client.web.page.parts.controls import heading
from client.web.page.parts.dialogs import answers, named
from client.web.page.translation import N_, _

ROLES = {
    "admin": N_("Admin: adds and removes files, manages members"),
    "uploader": N_("Uploader: always adds files"),
    "member": N_("Member: adds files, unless that is for uploaders only"),
    "reader": N_("Reader: downloads only"),
}
LOWER = ("uploader", "member", "reader")
"""The roles of those to whom any admin gives another."""

_UPLOADERS = {
    "members": N_("Members, uploaders and admins"),
    "uploaders": N_("Only uploaders and admins"),
}


async def choose_role(user: str, group: str, role: str) -> str | None:
    """Return the role that an admin chooses for a user, or None for no change."""
    title = _("Role of {user} in {group}").format(user=user, group=group)
    note = _("What {user} shares stays shared.").format(user=user)
    return await _choose(title, note, ROLES, role)


async def choose_upload(group: str, upload: str) -> str | None:
    """Return who adds files to a group, as an admin chooses, or None for no change."""
    title = _("Who adds files to {group}?").format(group=group)
    return await _choose(title, _("Readers never add files."), _UPLOADERS, upload)


async def _choose(title: str, note: str, choices: Mapping[str, str], now: str) -> str | None:
    with ui.dialog().props(named(title)) as dialog, ui.card().classes("dialog"):
        heading(title)
        chosen = ui.radio({key: _(label) for key, label in choices.items()}, value=now)
        ui.label(note).classes("quiet")
        answers(dialog, _("Save"), _("Cancel"))
    is_saved = await dialog
    dialog.delete()
    return str(chosen.value) if is_saved and chosen.value != now else None
