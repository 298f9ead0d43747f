"""The complete schema, with the tables of all rooms."""

from __future__ import annotations

from tracker.store.schema import accounts, events, files, groups, presence
from tracker.store.schema.base import Base

_ROOMS = (accounts, groups, files, events, presence)  # loading them added their tables

METADATA = Base.metadata

DERIVED = frozenset({"group_sizes", "user_sizes"})
"""Tables that the database itself fills, from the others."""
