"""The columns of a folder's files as a tree, and its rows."""

from __future__ import annotations

import json
from html import escape

from client.web.page.parts.file_tree import Node, Urgency
from client.web.page.parts.tables import Column
from client.web.page.translation import N_, _, ngettext
from common.text import percent, size, visible

COLUMNS = (
    Column("name", N_("File"), sorts=False),
    Column("readable", N_("Size"), right=True, sorts=False),
    Column("urgency", N_("Priority"), sorts=False),
)
RUNNING_COLUMNS = (
    *COLUMNS[:2],
    Column("done", N_("Has"), right=True, wide=True, sorts=False),
    COLUMNS[2],
)
"""The columns for a transfer, which has some of the files already."""

_LABELS = {Urgency.HIGH: N_("High"), Urgency.NORMAL: N_("Normal"), Urgency.LOW: N_("Low")}

_NAME = """
<q-td :props="props"><span class="branch" :style="{paddingLeft: props.row.depth * 18 + 'px'}">
<q-btn v-if="props.row.folder" flat round dense size="sm" class="plain"
 :icon="props.row.open ? 'expand_more' : 'chevron_right'" :aria-expanded="String(props.row.open)"
 :aria-label="props.row.label" @click="$emit('act', 'unfold', props.row.path, !props.row.open)"/>
<span v-else class="leaf"></span>
<q-checkbox dense v-model="props.row.tick" :disable="props.row.fixed" :aria-label="props.row.label"
 @update:model-value="value => $emit('act', 'tick', props.row.path, value === true)"/>
<span class="name">{{ props.row.shown }}</span>
<span class="quiet" v-if="props.row.folder">{{ props.row.files }}</span></span></q-td>
"""


def cells() -> dict[str, str]:
    """Return the Vue templates of the cells that are more than text."""
    options = "".join(
        f'<option value="{urgency.value}">{escape(_(label))}</option>'
        for urgency, label in _LABELS.items()
    )
    mixed = f'<option value="" disabled v-if="!props.row.urgency">{escape(_("Mixed"))}</option>'
    label = escape(json.dumps(_("Priority of {name}")))
    urgency = (
        '<q-td :props="props"><select class="urgency" v-model="props.row.urgency"'
        f" :aria-label=\"{label}.replace('{{name}}', () => props.row.shown)\""
        " @change=\"$emit('act', 'urgency', props.row.path, $event.target.value)\">"
        f"{mixed}{options}</select></q-td>"
    )
    return {"name": _NAME, "urgency": urgency}


def row_of(node: Node, done: int | None) -> dict[str, object]:
    """Return a row of the table; `done` bytes of it are here, None if that isn't known."""
    urgency, number = node.common_urgency, ngettext("{number} file", "{number} files", node.count)
    return {
        "path": node.path,
        "shown": visible(node.name),
        "label": visible(node.path),
        "depth": node.depth,
        "folder": node.is_folder,
        "open": node.is_open,
        "files": number.format(number=node.count),
        "tick": node.tick,
        "fixed": all(file.is_fixed for file in node.files()),
        "readable": size(node.size),
        "done": "" if done is None else percent(done / node.size if node.size else 1.0),
        "urgency": urgency.value if urgency is not None else "",
    }
