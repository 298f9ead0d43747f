"""`groups`: what the operator does with groups."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tracker.domain.rules import Member
from tracker.operator.asking import confirm
from tracker.operator.opening import opened
from tracker.operator.output import answer, in_pages, iso, listing
from tracker.services.administration.groups import GroupAdministration
from tracker.services.lookups import find_group
from tracker.store.listings import GroupListing


def list_groups(options: argparse.Namespace) -> str:
    """List groups by name."""
    with opened(options) as store:

        def read(last: GroupListing | None, limit: int) -> Sequence[GroupListing]:
            with store.read() as work:
                return work.listings.groups(options.pattern, last.group if last else "", limit)

        rows = [
            {
                "group": row.group,
                "mode": row.mode,
                "owner": row.owner,
                "created": iso(row.created_at),
                "members": row.members,
                "files": row.files,
                "bytes": row.bytes,
            }
            for row in in_pages(read)
        ]
    return listing(options, "groups", rows)


def members(options: argparse.Namespace) -> str:
    """List a group's members."""
    with opened(options) as store:

        def read(last: tuple[Member, str] | None, limit: int) -> Sequence[tuple[Member, str]]:
            with store.read() as work:
                group = find_group(work, options.group)
                after = last[0].since if last else 0
                found = work.groups.members(group.id, "", after, limit)
                ids = [member.user_id for member, _ in found]
                online.update(work.trackers.online(ids, store.clock()))
                return found

        online: set[int] = set()
        found = list(in_pages(read))
    rows = [
        {"user": name, "role": member.role.value, "online": member.user_id in online}
        for member, name in found
    ]
    return listing(options, "members", rows)


def transfer(options: argparse.Namespace) -> str:
    """Make a member the owner of a group."""
    with opened(options) as store:
        GroupAdministration(store, store.clock).transfer(options.group, options.user)
    said = f"{options.user} owns {options.group} now."
    return answer(options, said, group=options.group, owner=options.user)


def delete(options: argparse.Namespace) -> str:
    """Delete a group."""
    confirm(options, f"Delete the group {options.group} with its files, for all of its members?")
    with opened(options) as store:
        GroupAdministration(store, store.clock).delete(options.group)
    return answer(options, f"Deleted the group {options.group}.", group=options.group)
