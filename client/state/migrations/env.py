"""The script that Alembic runs for every command, on the connection that `upgrade` passes."""

from __future__ import annotations

from alembic import context

from client.state.schema import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
