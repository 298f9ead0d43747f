"""The subcommands for accounts, groups and sessions: their arguments.

What they do is in modules of their own, which load the database's library.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tracker.operator.asking import add_confirmation, add_password
from tracker.operator.output import add_json
from tracker.operator.subcommand import Subcommand, late
from tracker.options import NumberType, add_where

_LARGEST_ID = 10**9 - 1


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
        "Give an account another password, and end its sessions.",
        _with(_name, add_password),
        late("users", "reset_password"),
    ),
    Subcommand(
        "users block",
        "Let nobody use an account, and cut off at once what uses it now; its memberships stay.",
        _with(_name),
        late("users", "block"),
    ),
    Subcommand(
        "users unblock", "Let an account be used again.", _with(_name), late("users", "unblock")
    ),
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
