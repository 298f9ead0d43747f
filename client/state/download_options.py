"""Download options, stored beside the transfers; a transfer without a row has the defaults."""

from __future__ import annotations

import json

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.state.schema import InPlaceRow, OptionsRow


def read_options(session: Session, transfer: int) -> DownloadOptions:
    """Return the options of a transfer."""
    row = session.get(OptionsRow, transfer)
    in_place = session.get(InPlaceRow, transfer) is not None
    return _options(row, in_place=in_place) if row else DEFAULT_OPTIONS


def read_all_options(session: Session) -> dict[int, DownloadOptions]:
    """Return all options that differ from the defaults, by transfer."""
    repaired = set(session.scalars(select(InPlaceRow.transfer)))
    rows = session.scalars(select(OptionsRow))
    return {row.transfer: _options(row, in_place=row.transfer in repaired) for row in rows}


def write_options(session: Session, transfer: int, options: DownloadOptions) -> None:
    """Store the options of a transfer, replacing earlier ones."""
    row = OptionsRow(
        transfer=transfer,
        priority=options.priority,
        sequential=options.sequential,
        only=json.dumps(options.only),
        finalized=json.dumps(options.finalized),
    )
    session.merge(row)
    if options.in_place:
        session.merge(InPlaceRow(transfer=transfer))
    else:
        session.execute(delete(InPlaceRow).where(InPlaceRow.transfer == transfer))


def forget_options(session: Session, transfer: int) -> None:
    """Delete the options of a removed transfer, whose id may be reused."""
    session.execute(delete(OptionsRow).where(OptionsRow.transfer == transfer))
    session.execute(delete(InPlaceRow).where(InPlaceRow.transfer == transfer))


def _options(row: OptionsRow, *, in_place: bool) -> DownloadOptions:
    return DownloadOptions(
        priority=row.priority,
        sequential=row.sequential,
        only=tuple(json.loads(row.only)),
        finalized=tuple(json.loads(row.finalized)),
        in_place=in_place,
    )
