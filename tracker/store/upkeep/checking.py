"""Whether a database is whole: its storage, its schema, its references, and our own rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    Table,
    and_,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from tracker.domain.rules import Role
from tracker.domain.secret_box import WrongKeyError
from tracker.store.authority_key import find_secret_box
from tracker.store.database.errors import DatabaseError
from tracker.store.migrations.upgrade import revision
from tracker.store.schema.accounts import User, UserSize
from tracker.store.schema.complete import METADATA
from tracker.store.schema.events import Event
from tracker.store.schema.files import File, Metainfo, Share
from tracker.store.schema.groups import (
    AnnounceKey,
    Authority,
    AuthorityKey,
    Group,
    GroupSize,
    JoinRequest,
    Membership,
)
from tracker.store.upkeep.opening import looking_at, old_schema

_MOST = 5  # faults that SQLite lists
_COUNTED = (User, Group, File, Event)


class Report(NamedTuple):
    """What was found: one clause for each problem, the rows in the main tables, the schema."""

    problems: list[str]
    counts: dict[str, int]
    schema: str


class _Rule(NamedTuple):
    """What must never be in the database, and how to name a number of them."""

    offenders: Select[Any]
    name: str


def check(url: str, key_folder: Path, given_key: str | None) -> Report:
    """Check a database, which isn't changed, and whether the trackers' key fits it.

    One that isn't current is checked only as far as its schema allows. Raises DatabaseError.
    """
    with looking_at(url) as connection:
        problems = [*_storage(connection)]
        old = old_schema(connection)
        if old is not None:
            return Report([*problems, old], {}, "")
        problems += _schema(connection)
        if problems:
            return Report(problems, {}, "")
        problems += _broken(connection, [*_references(), *_rules(), *_sizes()])
        problems += _numbers(connection)
        problems += _key(connection, key_folder, given_key)
        return Report(problems, _counts(connection), revision(connection) or "")


def _key(connection: Connection, folder: Path, given: str | None) -> Iterator[str]:
    expected = connection.scalar(select(AuthorityKey.fingerprint))
    if expected is None:
        if connection.scalar(select(func.count(Authority.group_id))):
            yield "the fingerprint of the key that encrypts the groups' keys is missing"
        return
    try:
        secret_box = find_secret_box(expected, folder, given)
    except DatabaseError as error:
        yield str(error)
        return
    rows = connection.execution_options(yield_per=1000).execute(
        select(Group.name, Group.uid, Authority.sealed_key).join(
            Authority, Authority.group_id == Group.id
        )
    )
    for name, uid, sealed_key in rows:
        try:
            secret_box.open(sealed_key, uid)
        except WrongKeyError:
            yield f"the key of the group {name} can't be decrypted"


def _storage(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        try:
            found = connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST})").scalars().all()
        except SQLAlchemyError as error:
            found = [str(getattr(error, "orig", error))]
        yield from (f"SQLite reports: {fault}" for fault in found if fault != "ok")
        return
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        yield f"its encoding is {encoding} instead of UTF8"
    for table, column, name in (
        ("pg_index", "indisvalid", "invalid indexes"),
        ("pg_constraint", "convalidated", "constraints that were never validated"),
    ):
        query = f"SELECT count(*) FROM {table} WHERE NOT {column}"
        if number := connection.exec_driver_sql(query).scalar():
            yield f"{number:,} {name}"


def _schema(connection: Connection) -> Iterator[str]:
    """Yield what is missing; a table or index of the operator's own is no problem."""
    found = compare_metadata(
        MigrationContext.configure(connection, opts={"compare_type": True}), METADATA
    )
    for difference in found:
        if isinstance(difference, list):  # of one column
            _, _, table, column, *_ = difference[0]
            yield f"the column {table}.{column} differs from the schema"
        elif difference[0].startswith("add_"):
            kind = difference[0].removeprefix("add_").replace("_", " ")
            last = difference[-1]
            yield f"the {kind} {getattr(last, 'name', None) or last} is missing"


def _references() -> Iterator[_Rule]:
    """References are checked by the databases, but not after a fault or a switched-off check."""
    for table in METADATA.sorted_tables:
        for constraint in table.foreign_key_constraints:
            target = constraint.referred_table.alias()
            pairs = [(key.parent, target.c[key.column.name]) for key in constraint.elements]
            exists = select(target).where(*(there == here for here, there in pairs)).exists()
            is_set = and_(*(here.is_not(None) for here, _ in pairs))
            yield _Rule(
                select(pairs[0][0]).where(is_set, ~exists),
                f"rows in {table.name} that refer to nothing in {constraint.referred_table.name}",
            )


def _rules() -> Iterator[_Rule]:
    owners = (
        select(func.count(Membership.id))
        .where(Membership.group_id == Group.id, Membership.role == Role.OWNER)
        .scalar_subquery()
    )
    yield _Rule(select(Group.name).where(owners != 1), "groups without one owner")
    sealed = select(Authority.group_id).where(Authority.group_id == Group.id).exists()
    yield _Rule(
        select(Group.name).where((Group.mode == "sealed") != sealed),
        "groups whose mode doesn't fit their authority",
    )
    yield _Rule(
        select(Membership.id).where(Membership.role.not_in(list(Role))),
        "memberships with an unknown role",
    )
    yield _Rule(
        select(JoinRequest.id).where(_member(JoinRequest.group_id, JoinRequest.user_id)),
        "requests of users who are members already",
    )
    yield _Rule(
        select(AnnounceKey.id).where(~_member(AnnounceKey.group_id, AnnounceKey.user_id)),
        "announce keys of users who aren't members",
    )
    yield _Rule(
        select(Share.id)
        .join(File, File.id == Share.file_id)
        .where(~_member(File.group_id, Share.user_id)),
        "shares of users who aren't members",
    )
    metainfo = select(Metainfo.file_id).where(Metainfo.file_id == File.id).exists()
    yield _Rule(select(File.name).where(~metainfo), "files without metainfo")


def _sizes() -> Iterator[_Rule]:
    """What the database's triggers count; nobody writes it but them."""
    of_group = [
        GroupSize.files != _count(File.group_id == Group.id),
        GroupSize.members != _count(Membership.group_id == Group.id),
    ]
    groups = select(Group.name).outerjoin(GroupSize, GroupSize.group_id == Group.id)
    yield _Rule(groups.where(or_(GroupSize.group_id.is_(None), *of_group)), "groups of wrong size")
    of_user = [
        UserSize.files != _count(File.added_by == User.id),
        UserSize.groups != _count(Membership.user_id == User.id),
    ]
    users = select(User.name).outerjoin(UserSize, UserSize.user_id == User.id)
    yield _Rule(users.where(or_(UserSize.user_id.is_(None), *of_user)), "users of wrong size")


def _count(condition: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).where(condition).correlate(Group, User).scalar_subquery()


def _member(group_id: Any, user_id: Any) -> Any:
    return (
        select(Membership.id)
        .where(Membership.group_id == group_id, Membership.user_id == user_id)
        .exists()
    )


def _broken(connection: Connection, rules: list[_Rule]) -> Iterator[str]:
    for rule in rules:
        found = rule.offenders.subquery()
        query = select(func.count(), func.min(found.c[0]))
        number, example = connection.execute(query.select_from(found)).one()
        if number:
            yield f"{number:,} {rule.name} (such as {example!r})"


def _numbers(connection: Connection) -> Iterator[str]:
    """Yield tables whose next row would get a number that is taken, as after a wrong copy."""
    if connection.dialect.name != "postgresql":
        return
    for table in numbered_tables():
        query = text(f"SELECT last_value FROM {sequence_of(connection, table)}")
        last = connection.execute(query).scalar_one()
        if last < (connection.scalar(select(func.max(table.c.id))) or 0):
            yield f"the sequence of {table.name} is behind its rows"


def numbered_tables() -> list[Table]:
    """Return the tables whose rows the database numbers."""
    tables = METADATA.sorted_tables
    return [table for table in tables if table.autoincrement_column is not None]


def sequence_of(connection: Connection, table: Table) -> str:
    """Return the name of the sequence that numbers a table's rows on PostgreSQL."""
    query = text("SELECT pg_get_serial_sequence(:table, 'id')")
    return str(connection.execute(query, {"table": table.name}).scalar_one())


def _counts(connection: Connection) -> dict[str, int]:
    return {
        kind.__tablename__: connection.scalar(select(func.count()).select_from(kind)) or 0
        for kind in _COUNTED
    }
