"""Indexes of the parts of names, three characters each: patterns are looked up by them.

SQLite has a full-text index for this; on PostgreSQL a function of ours cuts the names, so that no
extension is needed. Both ignore case in any script.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_NAMED = {"files": "file_parts", "groups": "group_parts", "users": "user_parts"}
"""The index of each table's column `name`."""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION name_parts(name text) RETURNS text[] LANGUAGE sql"
            " IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$"
            " SELECT coalesce(array_agg(DISTINCT substr(folded, place, 3)), '{}')"
            ' FROM (SELECT lower(name COLLATE "und-x-icu") AS folded) AS one,'
            " generate_series(1, length(folded) - 2) AS place $$"
        )
        for table, index in _NAMED.items():
            op.execute(
                f"CREATE INDEX ix_{index} ON {table} USING gin (name_parts(name))"
                " WITH (fastupdate = off)"
            )
        return
    for table, index in _NAMED.items():
        op.execute(
            f"CREATE VIRTUAL TABLE {index} USING fts5"
            "(name, content = '', detail = none, columnsize = 0, tokenize = 'trigram')"
        )
        op.execute(f"INSERT INTO {index} (rowid, name) SELECT id, name FROM {table}")
        add = f"INSERT INTO {index} (rowid, name) VALUES (NEW.id, NEW.name);"
        drop = f"INSERT INTO {index} ({index}, rowid, name) VALUES ('delete', OLD.id, OLD.name);"
        for verb, actions in (
            ("INSERT", add),
            ("DELETE", drop),
            ("UPDATE OF name", drop + add),
        ):
            trigger = f"{index}_{verb.split()[0].lower()}"
            op.execute(f"CREATE TRIGGER {trigger} AFTER {verb} ON {table} BEGIN {actions} END")


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for index in _NAMED.values():
        if is_postgresql:
            op.execute(f"DROP INDEX ix_{index}")
            continue
        for verb in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER {index}_{verb}")
        op.execute(f"DROP TABLE {index}")
    if is_postgresql:
        op.execute("DROP FUNCTION name_parts(text)")
