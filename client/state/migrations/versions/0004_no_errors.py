"""Drop the error of a transfer: the program never set it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = sa.inspect(op.get_bind()).get_columns("transfers")
    if any(column["name"] == "error" for column in columns):
        with op.batch_alter_table("transfers") as transfers:
            transfers.drop_column("error")
