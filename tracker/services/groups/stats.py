"""A group's size and traffic."""

from __future__ import annotations

from typing import cast

from common.api import stats as api
from common.api.groups import Upload
from tracker.domain.paging import cut, number_after
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.services.groups.members import count_members
from tracker.services.lookups import find_own_group
from tracker.services.totals import Totals
from tracker.store.unit_of_work import UnitOfWorkFactory


class StatsService:
    """Figures of groups, for their members."""

    def __init__(self, database: UnitOfWorkFactory, steady: Clock) -> None:
        self._totals = Totals(steady)
        self._database = database

    def stats(self, me: Identity, request: api.Stats) -> api.StatsReply:
        """Return a group's size, and a page of its members' traffic, with that of former ones."""
        after = number_after(request.after)
        with self._database.read() as work:
            group = find_own_group(work, me, request.group)
            found = work.groups.traffic(group.id, request.pattern, after, request.rows + 1)
            rows, following = cut(found, request.rows, lambda row: str(row[0]))
            left = None if request.pattern else work.groups.traffic_of_former_members(group.id)
            has = work.sizes.of_group(group.id)
            return api.StatsReply(
                group=group.name,
                files=has.files,
                bytes=has.bytes,
                members=has.members,
                upload=cast(Upload, group.upload),
                users=[api.TrafficRow(user=user, up=up, down=down) for _, user, (up, down) in rows],
                left=api.LeftTraffic(up=left.up, down=left.down) if left and any(left) else None,
                total=count_members(work, self._totals, group.id, request.pattern),
                next=following,
            )
