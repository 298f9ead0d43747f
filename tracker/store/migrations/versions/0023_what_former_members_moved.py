"""What a group's former members have sent and received: added up when a membership ends.

By triggers, so that trackers of the release before keep the sums right, too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None

_LARGEST = 2**62
_NAME = "traffic_of_former_members"
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in ("left_up", "left_down"):
        op.add_column("groups", sa.Column(column, _NUMBER, server_default="0", nullable=False))
    if op.get_bind().dialect.name == "postgresql":
        _of_postgresql()
        return
    op.execute(
        f"CREATE TRIGGER {_NAME} AFTER DELETE ON memberships"
        " WHEN OLD.up > 0 OR OLD.down > 0 BEGIN UPDATE groups SET"
        f" left_up = min(left_up + OLD.up, {_LARGEST}),"
        f" left_down = min(left_down + OLD.down, {_LARGEST}) WHERE id = OLD.group_id; END"
    )


def _of_postgresql() -> None:
    """Create a trigger that adds up all rows of a statement at once."""
    op.execute(
        f"CREATE FUNCTION {_NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE groups SET"
        f" left_up = LEAST(left_up + more.up, {_LARGEST}),"
        f" left_down = LEAST(left_down + more.down, {_LARGEST})"
        " FROM (SELECT group_id, sum(up) AS up, sum(down) AS down FROM changed"
        " WHERE up > 0 OR down > 0 GROUP BY group_id) AS more WHERE id = more.group_id;"
        " RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {_NAME} AFTER DELETE ON memberships REFERENCING OLD TABLE AS changed"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {_NAME}()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {_NAME} ON memberships")
        op.execute(f"DROP FUNCTION {_NAME}()")
    else:
        op.execute(f"DROP TRIGGER {_NAME}")
    for column in ("left_down", "left_up"):
        op.drop_column("groups", column)
