"""Members and requests of a group in the order of seniority, by an index.

A page of a large group's members no longer sorts all of them.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLES = ("memberships", "join_requests")


def upgrade() -> None:
    for table in _TABLES:
        op.create_index(f"ix_{table}_group_id_id", table, ["group_id", "id"])


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_index(f"ix_{table}_group_id_id", table)
