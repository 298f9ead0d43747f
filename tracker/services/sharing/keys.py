"""Announce keys, which authenticate members' stock clients."""

from __future__ import annotations

import secrets

from common.api import presence as api
from common.types import Endpoint
from tracker.domain import credentials
from tracker.services.caller import Caller
from tracker.services.clock import Clock
from tracker.services.lookups import find_own_group
from tracker.store.presence.trackers import Site
from tracker.store.unit_of_work import UnitOfWorkFactory

_KEY_BYTES = 24


class AnnounceKeyService:
    """Operations on announce keys."""

    def __init__(
        self, database: UnitOfWorkFactory, clock: Clock, tracker_id: str, site: Site
    ) -> None:
        self._database = database
        self._clock = clock
        self._tracker_id = tracker_id
        self._site = site

    def announce_key(self, caller: Caller, request: api.AnnounceKey) -> api.AnnounceKeyReply:
        """Return the caller's key in a group, creating it if necessary."""
        return self._key(caller, request.group, renew=False)

    def renew_announce_key(
        self, caller: Caller, request: api.RenewAnnounceKey
    ) -> api.AnnounceKeyReply:
        """Replace the caller's key; the old one is refused from now on."""
        return self._key(caller, request.group, renew=True)

    def _key(self, caller: Caller, group_name: str, *, renew: bool) -> api.AnnounceKeyReply:
        me = caller.require_login()
        with self._database.write() as work:
            group = find_own_group(work, me, group_name, lock=True)
            if renew:
                work.peers.drop_key(group.id, me.user_id)
            key = work.peers.key_of(group.id, me.user_id)
            if key is None:
                key = credentials.encode_secret(secrets.token_bytes(_KEY_BYTES))
                key = work.peers.add_key(group.id, me.user_id, key)
            others = work.trackers.others(self._tracker_id, self._clock())
        host = self._site.host if self._site.is_forwarded else caller.reached_at
        port = self._site.http_port
        own = [] if port is None else [(host, port)]
        return api.AnnounceKeyReply(
            key=key,
            announce_urls=[
                f"http://{Endpoint(host, port)}/announce/{key}" for host, port in own + others
            ],
        )
