"""`sessions`: what the operator does with logins."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tracker.operator.opening import opened
from tracker.operator.output import answer, in_pages, iso, listing
from tracker.services.administration.accounts import AccountAdministration
from tracker.services.lookups import find_user
from tracker.store.listings import SessionListing


def list_sessions(options: argparse.Namespace) -> str:
    """List logins that are valid or in use, of all users or one."""
    with opened(options) as store:
        if options.user is not None:
            with store.read() as work:
                find_user(work, options.user)

        def read(last: SessionListing | None, limit: int) -> Sequence[SessionListing]:
            with store.read() as work:
                after = last.id if last else 0
                return work.listings.sessions(options.user, store.clock(), after, limit)

        rows = [
            {
                "id": row.id,
                "user": row.user,
                "kind": "session" if row.scope is None else f"token ({row.scope})",
                "label": row.label,
                "address": row.address,
                "since": iso(row.created_at),
                "expires": iso(row.expires_at),
                "tracker": row.tracker,
            }
            for row in in_pages(read)
        ]
    return listing(options, "sessions", rows)


def end_session(options: argparse.Namespace) -> str:
    """End a login."""
    with opened(options) as store:
        user = AccountAdministration(store, store.clock).end_session(options.id)
    said = f"Session {options.id} of {user} has ended."
    return answer(options, said, id=options.id, user=user)
