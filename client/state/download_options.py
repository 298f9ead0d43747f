"""Download options, stored beside the transfers; a transfer without a row has the defaults."""

from __future__ import annotations

import json
from dataclasses import replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.state.schema import InPlaceRow, OptionsRow, SettingRow

_ORDER_KEY = "order of files "
"""Precedes the transfer's id in the key of the setting that has `first` and `last`."""


def read_options(session: Session, transfer: int) -> DownloadOptions:
    """Return the options of a transfer."""
    row = session.get(OptionsRow, transfer)
    in_place = session.get(InPlaceRow, transfer) is not None
    if row is None:
        return DEFAULT_OPTIONS
    return _with_order(
        _options(row, in_place=in_place), session.get(SettingRow, _order_key(transfer))
    )


def read_all_options(session: Session) -> dict[int, DownloadOptions]:
    """Return all options that differ from the defaults, by transfer."""
    repaired = set(session.scalars(select(InPlaceRow.transfer)))
    rows = session.scalars(select(OptionsRow))
    query = select(SettingRow).where(SettingRow.user == "", SettingRow.key.startswith(_ORDER_KEY))
    orders = {row.key: row for row in session.scalars(query)}
    return {
        row.transfer: _with_order(
            _options(row, in_place=row.transfer in repaired),
            orders.get(f"{_ORDER_KEY}{row.transfer}"),
        )
        for row in rows
    }


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
    _forget_order(session, transfer)
    if options.first or options.last:
        user, key = _order_key(transfer)
        value = json.dumps([options.first, options.last])
        session.merge(SettingRow(user=user, key=key, value=value))


def forget_options(session: Session, transfer: int) -> None:
    """Delete the options of a removed transfer, whose id may be reused."""
    session.execute(delete(OptionsRow).where(OptionsRow.transfer == transfer))
    session.execute(delete(InPlaceRow).where(InPlaceRow.transfer == transfer))
    _forget_order(session, transfer)


def _order_key(transfer: int) -> tuple[str, str]:
    """Return user and key of the setting with the order of a transfer's files."""
    return "", f"{_ORDER_KEY}{transfer}"


def _forget_order(session: Session, transfer: int) -> None:
    user, key = _order_key(transfer)
    session.execute(delete(SettingRow).where(SettingRow.user == user, SettingRow.key == key))


def _with_order(options: DownloadOptions, row: SettingRow | None) -> DownloadOptions:
    if row is None:
        return options
    first, last = json.loads(row.value)
    return replace(options, first=tuple(first), last=tuple(last))


def _options(row: OptionsRow, *, in_place: bool) -> DownloadOptions:
    return DownloadOptions(
        priority=row.priority,
        sequential=row.sequential,
        only=tuple(json.loads(row.only)),
        finalized=tuple(json.loads(row.finalized)),
        in_place=in_place,
    )
