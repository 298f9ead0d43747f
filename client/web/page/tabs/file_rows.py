"""The columns of the list of a group's files, and its rows."""

from __future__ import annotations

from client.results.transfers import DownloadRow, TransferState
from client.web.page.parts.tables import ACTIONS, MARK, Action, Column
from client.web.page.translation import N_, _, ngettext
from common.api.files import FileRow
from common.text import size, visible

COLUMNS = (
    MARK,
    Column("name", N_("Name")),
    Column("size", N_("Size"), right=True, shown="readable"),
    Column("seeders", N_("Seeders"), right=True, wide=True),
    Column("leechers", N_("Leechers"), right=True, wide=True),
    Column("owner", N_("Owner"), wide=True),
    ACTIONS,
)

_NAME = """
<q-td :props="props"><span class="name">{{ props.row.shown }}</span>
<div class="narrow-only quiet">{{ props.row.about }}</div></q-td>
"""
CELLS = {"name": _NAME}

ROW_ACTIONS = (
    Action("download", "download", N_("Download"), "!row.mine && !row.begun"),
    Action("show", "", "", "row.begun", text="begun"),
    Action("stop", "link_off", N_("Stop sharing"), "row.mine"),
    Action("options", "more_vert", N_("Options for")),
)


def row_of(
    group: str, file: FileRow, *, mine: bool, download: DownloadRow | None, marked: bool
) -> dict[str, object]:
    """Return a row of the table: `mine` is shared from here, `download` is one that has begun."""
    seeders = ngettext("{number} seeder", "{number} seeders", file.seeders)
    return {
        "group": group,
        "marked": marked,
        "name": file.name,
        "shown": visible(file.name),
        "size": file.size,
        "readable": size(file.size),
        "seeders": file.seeders,
        "leechers": file.leechers,
        "owner": file.owner,
        "about": f"{seeders.format(number=file.seeders)} · {file.owner}",
        "mine": mine,
        "begun": "" if download is None or mine else begun(download),
    }


def begun(download: DownloadRow) -> str:
    """Return what the button of a download that has begun says."""
    if download.state is not TransferState.DOWNLOADING:
        return _("In your transfers")
    return _("Downloading {percent} %").format(percent=int(download.progress * 100))


def empty_text(group: str | None, pattern: str) -> str:
    """Return what to do while no files are listed."""
    if group is None:
        return _("You are in no group yet. Create or join one in the tab “Groups” first.")
    if pattern:
        return _("No file matches.")
    return _("No files yet. Drop a file above, or choose one, to share it with the group.")
