"""The number of an account that has ended is never given to another one."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE files SET added_by = NULL WHERE added_by NOT IN (SELECT id FROM users)")
    _number_anew(is_final=True)


def downgrade() -> None:
    _number_anew(is_final=False)


def _number_anew(*, is_final: bool) -> None:
    """Copy the table on SQLite: only when it is created can it be told not to reuse numbers.

    What refers to it stays, as migrations run without references being enforced.
    """
    if op.get_bind().dialect.name == "sqlite":
        options = {"sqlite_autoincrement": is_final}
        with op.batch_alter_table("users", recreate="always", table_kwargs=options):
            pass
