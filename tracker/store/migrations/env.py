"""Alembic's environment: runs on the connection that it is given."""

from __future__ import annotations

from alembic import context

from tracker.store.schema.complete import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters tables by copying them
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
