"""An index of the parts of events, in blocks of 64 ids: patterns are looked up by them.

It is empty, and the running trackers fill it: that would keep a large database from starting.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE event_parts (rowid bigint PRIMARY KEY, parts text[] NOT NULL)")
        op.execute(
            "CREATE INDEX ix_event_parts ON event_parts USING gin (parts) WITH (fastupdate = off)"
        )
        return
    op.execute(
        "CREATE VIRTUAL TABLE event_parts USING fts5"
        "(parts, content = '', detail = none, tokenize = 'trigram')"
    )


def downgrade() -> None:
    op.execute("DROP TABLE event_parts")
