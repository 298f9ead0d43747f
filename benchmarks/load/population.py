"""Users with sessions, their groups and files, put straight into a tracker's database."""

from __future__ import annotations

import secrets
import time
from typing import Any, Final

from sqlalchemy import NullPool, create_engine, text

from tracker.domain.credentials import digest_token

GROUP_SIZE: Final = 10
"""Members of each group; it has one file."""


def populate(url: str, count: int, prefix: str = "load") -> list[str]:
    """Add `count` users in open groups of GROUP_SIZE; return a session token for each.

    User N is `load00000N`, in group `load-g(N // GROUP_SIZE)`, whose file is `info_hash(...)`.
    """
    now = time.time()
    tokens = [secrets.token_urlsafe(32) for _ in range(count)]
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as database:

        def last(table: str) -> int:
            return database.scalar(text(f"SELECT COALESCE(MAX(id), 0) FROM {table}")) or 0

        user, group, event = last("users") + 1, last("groups") + 1, last("events")
        groups = range((count + GROUP_SIZE - 1) // GROUP_SIZE)
        first_file = last("files") + 1

        def add(statement: str, rows: list[dict[str, Any]]) -> None:
            database.execute(text(statement), rows)

        add(
            "INSERT INTO users (id, name, password_hash, created_at, told_event)"
            " VALUES (:id, :name, 'x', :now, :event)",
            [
                {"id": user + n, "name": f"{prefix}{n:06}", "now": now, "event": event}
                for n in range(count)
            ],
        )
        add(
            "INSERT INTO tokens (user_id, digest, address, created_at, expires_at)"
            " VALUES (:user, :digest, '127.0.0.1', :now, :later)",
            [
                {"user": user + n, "digest": digest_token(one), "now": now, "later": now + 1e6}
                for n, one in enumerate(tokens)
            ],
        )
        add(
            "INSERT INTO groups (id, name, uid, mode, created_at)"
            " VALUES (:id, :name, :name, 'open', :now)",
            [{"id": group + g, "name": f"{prefix}-g{g}", "now": now} for g in groups],
        )
        add(
            "INSERT INTO memberships (group_id, user_id, role, joined_at)"
            " VALUES (:group, :user, :role, :now)",
            [
                {
                    "group": group + n // GROUP_SIZE,
                    "user": user + n,
                    "role": "member" if n % GROUP_SIZE else "owner",
                    "now": now,
                }
                for n in range(count)
            ],
        )
        add(
            "INSERT INTO files (id, group_id, name, info_hash, size, pieces, completed, added_at)"
            " VALUES (:id, :group, 'x.bin', :hash, 1000, 1, 0, :now)",
            [
                {
                    "id": first_file + g,
                    "group": group + g,
                    "hash": bytes.fromhex(info_hash(g, prefix)),
                    "now": now,
                }
                for g in groups
            ],
        )
        add(
            "INSERT INTO shares (file_id, user_id, shared_at) VALUES (:file, :user, :now)",
            [{"file": first_file + g, "user": user + g * GROUP_SIZE, "now": now} for g in groups],
        )
    engine.dispose()
    return tokens


def info_hash(group: int, prefix: str = "load") -> str:
    """Return the info-hash (hex) of a group's file."""
    return (prefix.encode() + group.to_bytes(6, "big")).ljust(20, b"\0").hex()
