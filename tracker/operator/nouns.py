"""The subcommands for accounts, groups, sessions and the database: their arguments.

What they do is in modules of their own, which load the database's library.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tracker.operator.asking import add_confirmation, add_password
from tracker.operator.output import add_json
from tracker.operator.subcommand import Subcommand, late
from tracker.options import NumberType, add_where
from tracker.quotas import LARGEST

_LARGEST_ID = 10**9 - 1
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def _with(*add: Callable[[argparse.ArgumentParser], None]) -> Callable[..., None]:
    """Return a function that adds these arguments, and those that all have."""

    def prepare(parser: argparse.ArgumentParser) -> None:
        for one in add:
            one(parser)
        add_json(parser)
        add_where(parser.add_argument)

    return prepare


def _pattern(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "pattern",
        nargs="?",
        default="",
        metavar="PATTERN",
        help="only names with this in them; with * or ?, names that match as a whole",
    )


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the account's name")


def _group(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("group", metavar="GROUP", help="the group's name")


def _user(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", metavar="USER", help="one of its members")


def _any_user(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "user", nargs="?", metavar="USER", help="only those of this user (default: everybody's)"
    )


def _id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "id", type=NumberType(1, _LARGEST_ID), metavar="ID", help="its number in sessions list"
    )


def _whose(parser: argparse.ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--user", dest="of_user", metavar="USER", help="of this account")
    whose.add_argument("--group", dest="of_group", metavar="GROUP", help="of this group")


def _limits(parser: argparse.ArgumentParser) -> None:
    for name, what in (
        ("files", "files"),
        ("bytes", "total size of them, also as 500M or 20G"),
        ("members", "members, of a group"),
    ):
        parser.add_argument(f"--{name}", type=_limit, metavar="N", help=f"maximum number of {what}")


def _limit(text: str) -> int:
    """Read a limit: a number, perhaps with K, M, G or T for powers of 1024."""
    digits, unit = (text[:-1], text[-1:].upper()) if text[-1:].isalpha() else (text, "")
    if digits.isascii() and digits.isdigit() and len(digits) < 16 and unit in _UNITS:
        limit = int(digits) * _UNITS[unit]
        if limit <= LARGEST:
            return limit
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {LARGEST}")


def _backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="file to write")


def _source_and_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SQLITE_URL", help="database to copy")
    parser.add_argument("target", metavar="POSTGRES_URL", help="database without any rows")
    add_json(parser)


USERS = (
    Subcommand("users list", "List accounts.", _with(_pattern), late("users", "list_users")),
    Subcommand(
        "users create",
        "Create an account, also where others need an invitation.",
        _with(_name, add_password),
        late("users", "create"),
    ),
    Subcommand(
        "users reset-password",
        "Change an account's password and end its sessions.",
        _with(_name, add_password),
        late("users", "reset_password"),
    ),
    Subcommand(
        "users block",
        "Block an account and disconnect at once whoever uses it; its memberships stay.",
        _with(_name),
        late("users", "block"),
    ),
    Subcommand("users unblock", "Unblock an account.", _with(_name), late("users", "unblock")),
    Subcommand(
        "users delete",
        "Delete an account with all that it shares.",
        _with(_name, add_confirmation),
        late("users", "delete"),
    ),
)
GROUPS = (
    Subcommand("groups list", "List groups.", _with(_pattern), late("groups", "list_groups")),
    Subcommand(
        "groups members",
        "List the members of a group, longest-standing first.",
        _with(_group),
        late("groups", "members"),
    ),
    Subcommand(
        "groups transfer",
        "Make a member the owner of a group.",
        _with(_group, _user),
        late("groups", "transfer"),
    ),
    Subcommand(
        "groups delete",
        "Delete a group with its files.",
        _with(_group, add_confirmation),
        late("groups", "delete"),
    ),
)
SESSIONS = (
    Subcommand(
        "sessions list",
        "List logins and API tokens, oldest first.",
        _with(_any_user),
        late("sessions", "list_sessions"),
    ),
    Subcommand(
        "sessions end", "End a login or API token.", _with(_id), late("sessions", "end_session")
    ),
)
QUOTA = (
    Subcommand(
        "quota show",
        "Show the limits of a user or group, and what it has.",
        _with(_whose),
        late("quota", "show"),
    ),
    Subcommand(
        "quota set",
        "Set limits of one user or group, in place of the tracker's usual ones.",
        _with(_whose, _limits),
        late("quota", "set_limits"),
    ),
    Subcommand(
        "quota clear",
        "Give a user or group the usual limits again.",
        _with(_whose),
        late("quota", "clear"),
    ),
)
DATABASE = (
    Subcommand(
        "check",
        "Check that the database is intact, current and has its key, without changing it.",
        _with(),
        late("upkeep", "check"),
    ),
    Subcommand(
        "backup",
        "Write a copy of the database to a new file, also while trackers run; of PostgreSQL with"
        " pg_dump.",
        _with(_backup),
        late("upkeep", "backup"),
    ),
    Subcommand(
        "copy",
        "Copy everything from an SQLite database into an empty one of PostgreSQL; no tracker may"
        " run meanwhile.",
        _source_and_target,
        late("upkeep", "copy"),
    ),
)
