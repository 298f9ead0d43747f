"""What groups and users have, in a row of each, kept by triggers; and files by their number.

So nothing counts their files and members, and trackers of the release before keep the numbers
right, too.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0019"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BYTES = sa.Numeric(40, 0).with_variant(sa.Integer(), "sqlite")
_OWNERS = {"groups": "group", "users": "user"}
_SUMS = {
    ("files", "group_sizes"): ("group_id", {"files": "1", "bytes": "size"}),
    ("files", "user_sizes"): (
        "added_by",
        {"files": "1", "bytes": "size", "metainfo_bytes": "metainfo_size"},
    ),
    ("memberships", "group_sizes"): ("group_id", {"members": "1"}),
    ("memberships", "user_sizes"): ("user_id", {"groups": "1"}),
}
"""The rows of the first table change sums in the second: those of the owner that the column refers
to, each by an expression on the row."""

_VERBS = (("INSERT", "+", "NEW"), ("DELETE", "-", "OLD"))


def upgrade() -> None:
    _table("group", files=_NUMBER, bytes=_BYTES, members=_NUMBER)
    _table("user", files=_NUMBER, bytes=_BYTES, metainfo_bytes=_BYTES, groups=_NUMBER)
    for owners, owner in _OWNERS.items():
        op.execute(f"INSERT INTO {owner}_sizes ({owner}_id) SELECT id FROM {owners}")
    for (table, sizes), (reference, sums) in _SUMS.items():
        totals = ", ".join(f"sum({value}) AS {name}" for name, value in sums.items())
        changes = ", ".join(f"{name} = more.{name}" for name in sums)
        op.execute(
            f"UPDATE {sizes} SET {changes} FROM (SELECT {reference} AS owner, {totals}"
            f" FROM {table} GROUP BY {reference}) AS more WHERE {_id(sizes)} = more.owner"
        )
    op.create_index("ix_files_group_id_id", "files", ["group_id", "id"])
    _of_postgresql() if op.get_bind().dialect.name == "postgresql" else _of_sqlite()


def _table(owner: str, **columns: sa.types.TypeEngine[Any]) -> None:
    name = f"{owner}_sizes"
    reference = f"fk_{name}_{owner}_id_{owner}s"
    op.create_table(
        name,
        sa.Column(f"{owner}_id", _NUMBER, autoincrement=False, nullable=False),
        *(
            sa.Column(column, kind, server_default="0", nullable=False)
            for column, kind in columns.items()
        ),
        sa.ForeignKeyConstraint(
            [f"{owner}_id"], [f"{owner}s.id"], name=reference, ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(f"{owner}_id", name=f"pk_{name}"),
    )


def _id(sizes: str) -> str:
    return sizes.replace("sizes", "id")


def _of_sqlite() -> None:
    for owners, owner in _OWNERS.items():
        op.execute(
            f"CREATE TRIGGER sizes_of_new_{owner} AFTER INSERT ON {owners}"
            f" BEGIN INSERT INTO {owner}_sizes ({owner}_id) VALUES (NEW.id); END"
        )
    for (table, sizes), (reference, sums) in _SUMS.items():
        for verb, sign, row in _VERBS:
            changes = ", ".join(
                f"{name} = {name} {sign} " + (value if value == "1" else f"{row}.{value}")
                for name, value in sums.items()
            )
            op.execute(
                f"CREATE TRIGGER {sizes}_of_{table}_{verb.lower()} AFTER {verb} ON {table} BEGIN"
                f" UPDATE {sizes} SET {changes} WHERE {_id(sizes)} = {row}.{reference}; END"
            )


def _of_postgresql() -> None:
    """Create triggers that sum up all rows of a statement at once."""
    for owners, owner in _OWNERS.items():
        insert = f"INSERT INTO {owner}_sizes ({owner}_id) SELECT id FROM changed"
        _trigger(f"sizes_of_new_{owner}", owners, "INSERT", "NEW", insert)
    for (table, sizes), (reference, sums) in _SUMS.items():
        totals = ", ".join(f"sum({value}) AS {name}" for name, value in sums.items())
        for verb, sign, rows in _VERBS:
            changes = ", ".join(f"{name} = {sizes}.{name} {sign} more.{name}" for name in sums)
            update = (
                f"UPDATE {sizes} SET {changes} FROM (SELECT {reference} AS owner, {totals}"
                f" FROM changed GROUP BY {reference}) AS more WHERE {_id(sizes)} = more.owner"
            )
            _trigger(f"{sizes}_of_{table}_{verb.lower()}", table, verb, rows, update)


def _trigger(name: str, table: str, verb: str, rows: str, statement: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {statement}; RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} AFTER {verb} ON {table} REFERENCING {rows} TABLE AS changed"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def downgrade() -> None:
    op.drop_index("ix_files_group_id_id", "files")
    triggers = {f"sizes_of_new_{owner}": owners for owners, owner in _OWNERS.items()}
    for table, sizes in _SUMS:
        triggers |= {f"{sizes}_of_{table}_{verb.lower()}": table for verb, *_ in _VERBS}
    for name, table in triggers.items():
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
        else:
            op.execute(f"DROP TRIGGER {name}")
    for owner in _OWNERS.values():
        op.drop_table(f"{owner}_sizes")
