"""The statements of announces, made once: they are by far the most frequent requests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from tracker.store.presence.trackers import is_present
from tracker.store.tables import (
    announce_keys,
    connections,
    files,
    groups,
    memberships,
    one_of,
    peers,
    shares,
    users,
)

_ME: BindParameter[int] = bindparam("user_id")
_NOW: BindParameter[float] = bindparam("now")
_FRESH: BindParameter[float] = bindparam("fresh")

_LIVE = is_present(_NOW, _FRESH, few=True)

_OWN = (
    peers.c.id,
    peers.c.recorded_at,
    peers.c.peer_id,
    peers.c.host,
    peers.c.port,
    peers.c.left,
    peers.c.uploaded,
    peers.c.downloaded,
    peers.c.connection_id,
    peers.c.expires_at,
)


def _known(condition: ColumnElement[bool]) -> Select[Any]:
    mine = and_(memberships.c.group_id == files.c.group_id, memberships.c.user_id == _ME)
    return (
        select(
            files.c.id,
            files.c.group_id,
            files.c.info_hash,
            memberships.c.id.is_not(None),
            shares.c.id.is_not(None),
            *_OWN,
        )
        .outerjoin_from(files, memberships, mine)
        .outerjoin(shares, and_(shares.c.file_id == files.c.id, shares.c.user_id == _ME))
        .outerjoin(peers, and_(peers.c.file_id == files.c.id, peers.c.user_id == _ME))
        .where(condition)
    )


KNOWN_FILE = _known(files.c.info_hash == bindparam("info_hash"))
KNOWN_FILES = _known(one_of(files.c.info_hash, "info_hashes"))

_THOSE = (
    select(peers.c.file_id, peers.c.user_id)
    .where(one_of(peers.c.id, "numbers"))
    .distinct()
    .subquery()
)
BESIDE = select(peers.c.file_id, peers.c.user_id, *_OWN).join_from(
    _THOSE,
    peers,
    and_(peers.c.file_id == _THOSE.c.file_id, peers.c.user_id == _THOSE.c.user_id),
)

OF_KEY = (
    select(users.c.id, users.c.name, groups.c.id, groups.c.mode)
    .select_from(announce_keys)
    .join(users, users.c.id == announce_keys.c.user_id)
    .join(groups, groups.c.id == announce_keys.c.group_id)
    .join(
        memberships,
        and_(
            memberships.c.group_id == announce_keys.c.group_id,
            memberships.c.user_id == announce_keys.c.user_id,
        ),
    )
    .where(announce_keys.c.key == bindparam("key"))
)
_ASKED = and_(files.c.group_id == groups.c.id, files.c.info_hash == bindparam("info_hash"))
ANNOUNCED_BY_KEY = (
    OF_KEY.outerjoin(files, _ASKED)
    .outerjoin(peers, and_(peers.c.file_id == files.c.id, peers.c.user_id == users.c.id))
    .add_columns(files.c.id, *_OWN)
)
SCRAPED = select(files.c.id, files.c.info_hash, files.c.completed).where(
    files.c.group_id == bindparam("group_id"),
    one_of(files.c.info_hash, "info_hashes"),
)
CONNECTED = select(connections.c.id).where(connections.c.id == bindparam("connection_id"))

_PEER = (
    peers.c.file_id,
    peers.c.user_id,
    users.c.name,
    peers.c.peer_id,
    peers.c.host,
    peers.c.port,
    peers.c.left,
)
_SESSIONS = connections.alias("sessions")

_IS_USED = _SESSIONS.c.other_host != ""  # as in the index


def _elsewhere(connection_id: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """Select where else a client is, whose session this is: as the last fields of a Peer.

    They are looked up for each peer: to join them, PostgreSQL may read all connections.
    """
    usual = ((_SESSIONS.c.local, ""), (_SESSIONS.c.other_host, ""), (_SESSIONS.c.other_port, 0))
    return [
        func.coalesce(
            select(column).where(_SESSIONS.c.id == connection_id).scalar_subquery(), nothing
        )
        for column, nothing in usual
    ]


def _present(condition: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*_PEER, *_elsewhere(peers.c.connection_id))
        .join_from(peers, users, users.c.id == peers.c.user_id)
        .where(condition, _LIVE)
        .limit(bindparam("most"))
    )


PRESENT_AT_FILE = _present(peers.c.file_id == bindparam("file_id"))
PRESENT = _present(one_of(peers.c.file_id, "file_ids"))


def _counts() -> Select[Any]:
    clients = (
        select(peers.c.file_id, func.min(peers.c.left).label("left"), func.count().label("rows"))
        .where(one_of(peers.c.file_id, "file_ids"), is_present(_NOW, _FRESH))
        .group_by(peers.c.file_id, peers.c.user_id, peers.c.peer_id)
        .subquery()
    )
    return select(
        clients.c.file_id,
        func.sum(case((clients.c.left == 0, 1), else_=0)),
        func.count(),
    ).group_by(clients.c.file_id)


COUNTS = _counts()
_CLIENT = (
    select(
        users.c.name,
        peers.c.peer_id,
        peers.c.connection_id.is_not(None),
        func.coalesce(_SESSIONS.c.local, ""),
    )
    .join_from(peers, users, users.c.id == peers.c.user_id)
    .outerjoin(_SESSIONS, _SESSIONS.c.id == peers.c.connection_id)
    .where(peers.c.file_id == bindparam("file_id"), _LIVE)
    .order_by(peers.c.id)
)
AT_HOST = _CLIENT.where(peers.c.host == bindparam("host"))
AT_OTHER_HOST = _CLIENT.where(_SESSIONS.c.other_host == bindparam("host"), _IS_USED)

IN_SESSION = (
    select(
        peers.c.user_id,
        groups.c.id,
        groups.c.mode,
        connections.c.tracker_id,
        peers.c.connection_id,
        connections.c.host,
        connections.c.port,
        peers.c.port,
    )
    .join_from(peers, users, users.c.id == peers.c.user_id)
    .join(files, files.c.id == peers.c.file_id)
    .join(groups, groups.c.id == files.c.group_id)
    .join(connections, connections.c.id == peers.c.connection_id)
    .where(
        peers.c.file_id == bindparam("file_id"),
        users.c.name == bindparam("user"),
        peers.c.peer_id == bindparam("peer_id"),
        connections.c.port.is_not(None),
        _LIVE,
    )
    .order_by(peers.c.id.desc())
)


def _ring(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Select the peers from a place on; after the last place comes the first."""
    place: BindParameter[int] = bindparam("place")
    columns = [column for column in _PEER if column.table is peers]
    columns.append(peers.c.connection_id)

    def part(side: ColumnElement[bool], turn: int) -> Select[Any]:
        useful = (
            select(*columns, peers.c.place, literal_column(str(turn)).label("turn"))
            .where(
                peers.c.file_id == bindparam("file_id"),
                side,
                peers.c.port != literal_column("0"),
                or_(peers.c.user_id != _ME, peers.c.peer_id != bindparam("peer_id")),
                *conditions,
                _LIVE,
            )
            .order_by(peers.c.place)
            .limit(bindparam("most"))
            .subquery()
        )
        return select(useful)

    both = union_all(part(peers.c.place >= place, 1), part(peers.c.place < place, 2)).subquery()
    user = select(users.c.name).where(users.c.id == both.c.user_id).scalar_subquery()
    return (
        select(
            *(user if column is users.c.name else both.c[column.name] for column in _PEER),
            *_elsewhere(both.c.connection_id),
        )
        .order_by(both.c.turn, both.c.place)
        .limit(bindparam("most"))
    )


RING = _ring()
RING_OF_LEECHERS = _ring(peers.c.left > literal_column("0"))  # as in the index of leechers
