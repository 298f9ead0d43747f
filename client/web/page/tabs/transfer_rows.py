"""The columns of the list of transfers, and its rows."""

from __future__ import annotations

from client.services.transfer_list import TransferRow
from client.web.page.parts.tables import ACTIONS, MARK, Action, Column
from client.web.page.translation import N_, _
from common.text import duration, local_time, percent, rate, size, visible

COLUMNS = (
    MARK,
    Column("name", N_("Name")),
    Column("progress", N_("Progress")),
    Column("size", N_("Size"), right=True, wide=True, shown="readable", optional=True, hidden=True),
    Column("down_rate", N_("Down"), right=True, wide=True, shown="down", optional=True),
    Column("up_rate", N_("Up"), right=True, wide=True, shown="up", optional=True),
    Column("left", N_("Time left"), right=True, wide=True, optional=True),
    Column("peers", N_("Peers"), right=True, wide=True, optional=True),
    Column("uploaded", N_("Uploaded"), right=True, wide=True, optional=True, hidden=True),
    Column("ratio", N_("Ratio"), right=True, wide=True, optional=True, hidden=True),
    Column("added", N_("Added"), wide=True, optional=True, hidden=True),
    Column("completed", N_("Completed"), wide=True, optional=True, hidden=True),
    ACTIONS,
)

_NAME = """
<q-td :props="props"><span class="name">{{ props.row.shown }}</span>
<div class="quiet">{{ props.row.about }}</div></q-td>
"""
_PROGRESS = """
<q-td :props="props" class="progress">
<q-linear-progress :value="props.row.progress" size="8px" rounded
 :class="'bar-' + props.row.state" :aria-label="props.row.label"/>
<div class="quiet">{{ props.row.percent }} · {{ props.row.status }}<span class="narrow-only"
 v-if="props.row.down_rate > 0"> · {{ props.row.down }}</span></div></q-td>
"""
CELLS = {"name": _NAME, "progress": _PROGRESS}

_RUNNING = "['queued', 'checking', 'downloading', 'seeding'].includes(row.state)"
ROW_ACTIONS = (
    Action("pause", "pause", N_("Pause"), _RUNNING),
    Action("resume", "play_arrow", N_("Resume"), "['paused', 'failed'].includes(row.state)"),
    Action("recheck", "fact_check", N_("Check again")),
    Action("cancel", "delete", N_("Cancel and delete"), "!row.complete"),
    Action("stop", "link_off", N_("Stop sharing"), "row.complete"),
    Action("details", "info", N_("Details of")),
)


def row_of(row: TransferRow, *, marked: bool) -> dict[str, object]:
    """Return a row of the table."""
    parts = [row.group]
    if row.complete:
        parts += [size(row.size), _("{size} uploaded").format(size=size(row.uploaded))]
    else:
        parts.append(_("{done} of {size}").format(done=size(row.done), size=size(row.size)))
    return {
        "key": f"{row.group}/{row.name}",
        "marked": marked,
        "name": row.name,
        "group": row.group,
        "shown": visible(row.name),
        "about": row.error or " · ".join(parts),
        "progress": row.progress,
        "complete": row.complete,
        "upload": row.is_upload,
        "percent": percent(row.progress),
        "state": row.state.value,
        "status": _(row.state.value),
        "label": _("Progress of {name}").format(name=visible(row.name)),
        "readable": size(row.size),
        "down_rate": row.down_rate,
        "down": rate(row.down_rate),
        "up": rate(row.up_rate),
        "left": "" if row.eta is None else duration(row.eta),
        "peers": row.peers,
        "uploaded": size(row.uploaded),
        "ratio": f"{row.ratio:.2f}",
        "added": local_time(row.added_at),
        "completed": local_time(row.completed_at) if row.completed_at else "",
    }
