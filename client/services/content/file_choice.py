"""Which files of a folder a download selects."""

from __future__ import annotations

from dataclasses import replace

from client.core.transfers.download_options import DownloadOptions
from client.core.transfers.piece_selection import PieceSelection, paths_of, selection_of, widened
from client.transfers.transfer import Transfer
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo

_PATHS_TOLD = 10
"""Files listed when a pattern matches none."""


def chosen_options(transfer: Transfer, asked: DownloadOptions) -> DownloadOptions | None:
    """Return a transfer's options after more files were chosen, or another order of them.

    None if they stay as they are. Of the options `asked`, the patterns for files count, and whether
    it is sequential.
    """
    now, is_complete = transfer.storage.options, transfer.record.complete
    check_selection(transfer.metainfo, asked)
    options = widened(transfer.metainfo, now, asked, complete=is_complete)
    options = replace(options, first=asked.first, last=asked.last)
    is_same = options.only == now.only and (is_complete or options == now)
    return None if is_same else options


def check_selection(described: Metainfo, options: DownloadOptions) -> PieceSelection:
    """Return the selected pieces; raises MinitorrentError(usage) when no file is selected."""
    selection = selection_of(described, options)
    if options.only and not described.is_folder:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{described.name!r} is a single file; leave --only out."
        )
    if options.only and not selection.files:
        paths = list(filter(None, paths_of(described)))
        some = ", ".join(map(repr, paths[:_PATHS_TOLD]))
        more = f" and {len(paths) - _PATHS_TOLD:,} more" if len(paths) > _PATHS_TOLD else ""
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"No file of {described.name!r} matches {options.only[0]!r}; it has {some}{more}.",
        )
    return selection
