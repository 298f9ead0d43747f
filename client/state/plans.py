"""Download options, stored beside the transfers; a transfer without a row has the defaults."""

from __future__ import annotations

import json

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from client.core.download_options import PLAIN, DownloadOptions
from client.state.schema import InPlaceRow, PlanRow


def read_plan(session: Session, transfer: int) -> DownloadOptions:
    """Return the options of a transfer."""
    row = session.get(PlanRow, transfer)
    in_place = session.get(InPlaceRow, transfer) is not None
    return _plan(row, in_place=in_place) if row else PLAIN


def read_plans(session: Session) -> dict[int, DownloadOptions]:
    """Return all options that differ from the defaults, by transfer."""
    mended = set(session.scalars(select(InPlaceRow.transfer)))
    rows = session.scalars(select(PlanRow))
    return {row.transfer: _plan(row, in_place=row.transfer in mended) for row in rows}


def write_plan(session: Session, transfer: int, plan: DownloadOptions) -> None:
    """Store the options of a transfer, replacing earlier ones."""
    row = PlanRow(
        transfer=transfer,
        priority=plan.priority,
        in_order=plan.in_order,
        only=json.dumps(plan.only),
        placed=json.dumps(plan.placed),
    )
    session.merge(row)
    if plan.in_place:
        session.merge(InPlaceRow(transfer=transfer))
    else:
        session.execute(delete(InPlaceRow).where(InPlaceRow.transfer == transfer))


def forget_plan(session: Session, transfer: int) -> None:
    """Delete the options of a removed transfer, whose id may be reused."""
    session.execute(delete(PlanRow).where(PlanRow.transfer == transfer))
    session.execute(delete(InPlaceRow).where(InPlaceRow.transfer == transfer))


def _plan(row: PlanRow, *, in_place: bool) -> DownloadOptions:
    return DownloadOptions(
        priority=row.priority,
        in_order=row.in_order,
        only=tuple(json.loads(row.only)),
        placed=tuple(json.loads(row.placed)),
        in_place=in_place,
    )
