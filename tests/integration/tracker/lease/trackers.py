"""Trackers on one database, on a clock of the test."""

from __future__ import annotations

from common.api import accounts, files, groups, presence
from tests.integration.tracker.sessions import make_metainfo
from tests.support.security.passwords import CHEAP
from tracker.domain.secret_box import KEY_BYTES, SecretBox
from tracker.services.caller import Caller, Identity
from tracker.services.catalogue import Policy, Services, make_services
from tracker.store.engine import Store
from tracker.store.presence.trackers import Site

PEER = "11" * 20


class Clock:
    """The time, which passes or is set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.steady = 500.0

    def __call__(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.steady += seconds


def services_of(store: Store, clock: Clock, site: Site) -> Services:
    safe = SecretBox(bytes(KEY_BYTES))
    policy = Policy(0, 3600.0, password_cost=CHEAP)
    return make_services(store, clock, site, safe, policy, steady=lambda: clock.steady)


def tracker_at(store: Store, clock: Clock, port: int) -> Services:
    services = services_of(store, clock, Site("127.0.0.1", port, port + 1))
    services.lifecycle.start()
    return services


def login(services: Services, caller: Caller) -> str:
    request = accounts.Login(user="ann", password="secret123", peer_id=PEER, port=6881)
    return services.logins.login(caller, request).token


def me(caller: Caller) -> Identity:
    return caller.require_login()


def share(services: Services, caller: Caller) -> str:
    source = services.groups.get_group(me(caller), groups.GetGroup(group="lab")).source
    data = make_metainfo("x.bin", b"content", source)
    request = files.AddFile(group="lab", name="x.bin", metainfo=data)
    return services.files.add_file(me(caller), request).info_hash


def announce(services: Services, caller: Caller, info_hash: str) -> presence.FilePresence:
    file = presence.AnnouncedFile(info_hash=info_hash, left=0)
    reply = services.announces.announce(me(caller), presence.Announce(port=1, files=[file]))
    return reply.files[0]


def seeders(services: Services, caller: Caller) -> int:
    request = files.ListFiles(group="lab")
    return services.files.list_files(me(caller), request).files[0].seeders


def is_online(services: Services, caller: Caller) -> bool:
    request = groups.ListMembers(group="lab")
    return services.members.list_members(me(caller), request).members[0].online
