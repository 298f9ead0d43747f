"""`users`: what the operator does with accounts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tracker.operator.asking import confirm, new_password
from tracker.operator.opening import opened
from tracker.operator.output import answer, in_pages, iso, listing
from tracker.services.administration.accounts import AccountAdministration
from tracker.store.engine import Store
from tracker.store.listings import UserListing


def list_users(options: argparse.Namespace) -> str:
    """List accounts by name."""
    with opened(options) as store:

        def read(last: UserListing | None, limit: int) -> Sequence[UserListing]:
            with store.read() as work:
                return work.listings.users(options.pattern, last.user if last else "", limit)

        rows = [
            {
                "user": row.user,
                "created": iso(row.created_at),
                "blocked": iso(row.blocked_at),
                "groups": row.groups,
                "files": row.files,
                "connections": row.sessions,
            }
            for row in in_pages(read)
        ]
    return listing(options, "users", rows)


def create(options: argparse.Namespace) -> str:
    """Create an account, and the database if there is none."""
    password = new_password(options, options.name)
    with opened(options, create=True) as store:
        warning = _administration(store, options).create(options.name, password)
    said = f"Created the account {options.name}."
    return answer(options, _warned(said, warning), user=options.name, warning=warning)


def reset_password(options: argparse.Namespace) -> str:
    """Replace a password."""
    password = new_password(options, options.name)
    with opened(options) as store:
        warning = _administration(store, options).reset_password(options.name, password)
    said = f"{options.name} has a new password; all sessions with the old one have ended."
    return answer(options, _warned(said, warning), user=options.name, warning=warning)


def block(options: argparse.Namespace) -> str:
    """Block an account."""
    with opened(options) as store:
        _administration(store, options).block(options.name)
    said = f"{options.name} is blocked, and everything that used the account is disconnected."
    return answer(options, said, user=options.name, blocked=True)


def unblock(options: argparse.Namespace) -> str:
    """Unblock an account."""
    with opened(options) as store:
        _administration(store, options).unblock(options.name)
    said = f"{options.name} can log in again."
    return answer(options, said, user=options.name, blocked=False)


def delete(options: argparse.Namespace) -> str:
    """Delete an account."""
    confirm(options, f"Delete the account {options.name} with all that it shares?")
    with opened(options) as store:
        _administration(store, options).delete(options.name)
    return answer(options, f"Deleted the account {options.name}.", user=options.name)


def _administration(store: Store, options: argparse.Namespace) -> AccountAdministration:
    return AccountAdministration(store, store.clock, getattr(options, "min_password_length", 0))


def _warned(sentence: str, warning: str | None) -> str:
    return sentence if warning is None else f"{sentence} {warning}"
