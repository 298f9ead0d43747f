"""Presence is leased by a tracker's heartbeat: trackers on one database, on a clock of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.announce import AnnounceRequest
from common.api import accounts, files, groups, presence
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash, PeerId
from tests.integration.tracker.sessions import make_metainfo
from tests.support.databases.database import empty_database
from tests.support.security.passwords import CHEAP
from tracker.domain.secret_box import KEY_BYTES, SecretBox
from tracker.domain.throttle import PER_ACCOUNT
from tracker.services.accounts.logins import SESSION_SECONDS
from tracker.services.caller import Caller, Identity
from tracker.services.catalogue import Policy, Services, make_services
from tracker.services.lifecycle import DISTRUST_SECONDS
from tracker.services.sharing.announce import LONGEST_INTERVAL
from tracker.store.engine import Store, open_store
from tracker.store.presence.trackers import DEAD_SECONDS, FRESH_SECONDS, Site

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


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(empty_database(tmp_path))
    yield store
    store.close()


def services_of(store: Store, clock: Clock, site: Site) -> Services:
    safe = SecretBox(bytes(KEY_BYTES))
    policy = Policy(0, 3600.0, password_cost=CHEAP)
    return make_services(store, clock, site, safe, policy, steady=lambda: clock.steady)


def tracker_at(store: Store, clock: Clock, port: int) -> Services:
    services = services_of(store, clock, Site("127.0.0.1", port, port + 1))
    services.lifecycle.start()
    return services


@pytest.fixture
def first(store: Store, clock: Clock) -> Services:
    return tracker_at(store, clock, 7400)


@pytest.fixture
def second(store: Store, clock: Clock) -> Services:
    return tracker_at(store, clock, 7500)


@pytest.fixture
def ann(first: Services) -> Caller:
    """Ann at the first tracker, the owner of `lab`."""
    caller = Caller("connection-of-ann", "10.0.0.1", "127.0.0.1")
    first.accounts.create_user(caller, accounts.CreateUser(user="ann", password="secret123"))
    login(first, caller)
    first.groups.create_group(me(caller), groups.CreateGroup(group="lab", mode="open"))
    return caller


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


def test_a_dead_trackers_peers_expire(
    first: Services, second: Services, ann: Caller, clock: Clock
) -> None:
    announce(first, ann, share(first, ann))
    assert seeders(second, ann) == 1
    clock.pass_time(FRESH_SECONDS + 0.1)
    second.lifecycle.beat()
    assert seeders(second, ann) == 0
    assert not is_online(second, ann)


def test_a_stalled_tracker_recovers(
    first: Services, second: Services, ann: Caller, clock: Clock
) -> None:
    announce(first, ann, share(first, ann))
    clock.pass_time(DEAD_SECONDS - 1)
    second.lifecycle.beat()
    assert first.lifecycle.beat()
    assert seeders(second, ann) == 1
    assert is_online(second, ann)


def test_an_expired_tracker_registers_again_with_its_sessions(
    first: Services, second: Services, ann: Caller, clock: Clock
) -> None:
    """Except those whose logins have ended meanwhile."""
    info_hash = share(first, ann)
    announce(first, ann, info_hash)
    other = Caller("other", "10.0.0.1", "127.0.0.1")
    login(first, other)
    clock.pass_time(DEAD_SECONDS + 1)
    second.lifecycle.beat()
    second.logins.end_session(me(ann), accounts.EndSession(id=me(other).token_id))
    for act in (lambda: first.logins.refresh(ann), lambda: login(first, Caller("late", "::1", ""))):
        with pytest.raises(MinitorrentError) as raised:
            act()
        assert raised.value.code is ErrorCode.BUSY
    assert first.logins.over_of([ann, other]) == []

    assert not first.lifecycle.beat(lambda: [me(ann), me(other)])
    assert first.lifecycle.beat()

    first.logins.refresh(ann)
    assert announce(first, ann, info_hash).complete == 1
    assert first.logins.over_of([ann, other]) == [other]
    first.logins.refresh(other)
    assert other.identity is None
    before = me(ann)
    first.logins.disconnect(ann)
    ann.identity = before
    assert not is_online(second, ann)


def test_a_clean_stop_removes_all_peers_at_once(
    first: Services, second: Services, ann: Caller
) -> None:
    announce(first, ann, share(first, ann))
    first.lifecycle.stop()
    assert seeders(second, ann) == 0


def test_a_restarted_tracker_removes_its_old_peers(
    store: Store, clock: Clock, first: Services, second: Services, ann: Caller
) -> None:
    announce(first, ann, share(first, ann))
    tracker_at(store, clock, 7400)
    assert seeders(second, ann) == 0
    assert not is_online(second, ann)


@pytest.mark.any_database
def test_trackers_at_wildcard_addresses_are_distinct(
    store: Store, clock: Clock, ann: Caller, first: Services
) -> None:
    site = Site("0.0.0.0", 7400, None)
    one = services_of(store, clock, site)
    one.lifecycle.start()
    services_of(store, clock, site).lifecycle.start()
    assert one.lifecycle.beat()


def test_a_file_passes_between_trackers(first: Services, second: Services, ann: Caller) -> None:
    info_hash = share(first, ann)
    announce(first, ann, info_hash)
    lost = me(ann)
    back = Caller("second-connection", "10.0.0.1", "127.0.0.1")
    login(second, back)
    assert announce(second, back, info_hash).complete == 1
    # The first tracker notices only now: the peer belongs to the second connection already.
    first.logins.disconnect(ann)
    assert ann.identity is None
    assert seeders(second, back) == 1
    second.logins.disconnect(back)
    back.identity = lost
    assert seeders(second, back) == 0


def test_announce_addresses_of_all_live_trackers(
    first: Services, second: Services, ann: Caller, clock: Clock
) -> None:
    reply = first.keys.announce_key(ann, presence.AnnounceKey(group="lab"))
    assert reply.announce_urls == [
        f"http://127.0.0.1:7401/announce/{reply.key}",
        f"http://127.0.0.1:7501/announce/{reply.key}",
    ]
    ann.reached_at = "::1"
    clock.pass_time(FRESH_SECONDS + 1)
    reply = first.keys.announce_key(ann, presence.AnnounceKey(group="lab"))
    assert reply.announce_urls == [f"http://[::1]:7401/announce/{reply.key}"]


@pytest.mark.any_database
def test_behind_a_router_the_announce_address_is_the_public_one(
    store: Store, clock: Clock, ann: Caller
) -> None:
    behind = services_of(store, clock, Site("203.0.113.7", 7400, 7401, is_forwarded=True))
    reply = behind.keys.announce_key(ann, presence.AnnounceKey(group="lab"))
    assert reply.announce_urls[0] == f"http://203.0.113.7:7401/announce/{reply.key}"


def test_a_stock_client_is_forgotten_after_two_missed_announces(
    first: Services, second: Services, ann: Caller, clock: Clock, store: Store
) -> None:
    info_hash = InfoHash(bytes.fromhex(share(first, ann)))
    key = first.keys.announce_key(ann, presence.AnnounceKey(group="lab")).key
    request = AnnounceRequest(info_hash, PeerId(b"x" * 20), 7001, left=0)
    assert first.announces.announce_by_key(key, request, "10.0.0.9").complete == 1
    first.lifecycle.stop()
    clock.pass_time(2.5 * LONGEST_INTERVAL)
    second.lifecycle.beat()
    assert seeders(second, ann) == 1
    clock.pass_time(LONGEST_INTERVAL)
    assert seeders(second, ann) == 0
    second.lifecycle.beat()
    clock.now -= LONGEST_INTERVAL
    assert seeders(second, ann) == 0


def test_a_token_lasts_for_thirty_days_after_its_last_use(
    first: Services, ann: Caller, clock: Clock
) -> None:
    other = Caller("other", "10.0.0.1", "127.0.0.1")
    token = login(first, other)
    first.logins.disconnect(other)
    resume = accounts.ResumeSession(token=token, peer_id=PEER, port=1)
    for _ in range(2):
        clock.pass_time(SESSION_SECONDS - 1)
        first.logins.resume_session(other, resume)
        first.logins.disconnect(other)
    clock.pass_time(SESSION_SECONDS + 1)
    with pytest.raises(MinitorrentError) as raised:
        first.logins.resume_session(other, resume)
    assert raised.value.code is ErrorCode.NOT_LOGGED_IN


def test_a_token_in_use_is_extended(first: Services, ann: Caller, clock: Clock) -> None:
    other = Caller("other", "10.0.0.1", "127.0.0.1")
    token = login(first, other)
    for _ in range(40):
        clock.pass_time(SESSION_SECONDS / 20)
        first.lifecycle.beat()
    first.logins.disconnect(other)
    clock.pass_time(SESSION_SECONDS / 2)
    first.lifecycle.beat()
    resume = accounts.ResumeSession(token=token, peer_id=PEER, port=1)
    assert first.logins.resume_session(other, resume).user == "ann"


def test_a_token_in_use_is_not_deleted(first: Services, ann: Caller, clock: Clock) -> None:
    for _ in range(40):
        clock.pass_time(SESSION_SECONDS / 20)
        first.lifecycle.beat()
    first.logins.refresh(ann)
    assert is_online(first, ann)


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 90.0, -90.0, 5 * 365 * 86400.0])
def test_setting_the_clock_removes_no_peer(
    first: Services, second: Services, ann: Caller, clock: Clock, jump: float
) -> None:
    info_hash = share(first, ann)
    announce(first, ann, info_hash)
    key = first.keys.announce_key(ann, presence.AnnounceKey(group="lab")).key
    stock = AnnounceRequest(InfoHash(bytes.fromhex(info_hash)), PeerId(b"x" * 20), 7001, left=0)
    first.announces.announce_by_key(key, stock, "10.0.0.9")
    for _ in range(2):  # there and back
        clock.now += jump
        clock.pass_time(0.2)
        assert first.lifecycle.is_clock_set()
        assert second.lifecycle.beat()
        assert first.lifecycle.beat()
        assert not first.lifecycle.is_clock_set()
        assert seeders(second, ann) == 2
        assert is_online(second, ann)
        clock.pass_time(2.0)
        jump = -jump


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_setting_the_clock_keeps_no_dead_peer(
    first: Services, second: Services, ann: Caller, clock: Clock, jump: float
) -> None:
    info_hash = share(first, ann)
    announce(first, ann, info_hash)
    key = first.keys.announce_key(ann, presence.AnnounceKey(group="lab")).key
    stock = AnnounceRequest(InfoHash(bytes.fromhex(info_hash)), PeerId(b"x" * 20), 7001, left=0)
    first.announces.announce_by_key(key, stock, "10.0.0.9")
    clock.now += jump
    second.lifecycle.beat()
    clock.pass_time(FRESH_SECONDS + 0.1)
    second.lifecycle.beat()
    assert seeders(second, ann) == 1  # the stock client
    assert not is_online(second, ann)
    clock.pass_time(3 * LONGEST_INTERVAL)
    second.lifecycle.beat()
    assert seeders(second, ann) == 0


def test_a_clock_temporarily_ahead_ends_no_login(
    first: Services, ann: Caller, clock: Clock
) -> None:
    other = Caller("other", "10.0.0.1", "127.0.0.1")
    token = login(first, other)
    first.logins.disconnect(other)
    for jump in (2 * SESSION_SECONDS, -2 * SESSION_SECONDS):
        clock.now += jump
        first.lifecycle.beat()
        clock.pass_time(600)
        first.lifecycle.beat()
    resume = accounts.ResumeSession(token=token, peer_id=PEER, port=1)
    assert first.logins.resume_session(other, resume).user == "ann"


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_setting_the_clock_delays_no_login(
    first: Services, ann: Caller, clock: Clock, jump: float
) -> None:
    def guess(password: str) -> ErrorCode | None:
        guesser = Caller("guesser", "10.0.0.1", "127.0.0.1")
        try:
            first.logins.login(guesser, accounts.Login(user="ann", password=password))
        except MinitorrentError as error:
            return error.code
        return None

    while guess("wrong") is ErrorCode.BAD_CREDENTIALS:
        pass
    assert guess("secret123") is ErrorCode.TOO_MANY_ATTEMPTS
    clock.now += jump
    assert guess("secret123") is ErrorCode.TOO_MANY_ATTEMPTS
    clock.pass_time(PER_ACCOUNT.interval)
    assert guess("secret123") is None


def test_tokens_issued_while_the_clock_was_ahead_last_no_longer(
    first: Services, ann: Caller, clock: Clock
) -> None:
    other = Caller("other", "10.0.0.1", "127.0.0.1")
    clock.now += 10 * SESSION_SECONDS
    token = login(first, other)
    first.logins.disconnect(other)
    clock.now -= 10 * SESSION_SECONDS
    first.lifecycle.beat()
    clock.pass_time(DISTRUST_SECONDS + 1)
    first.lifecycle.beat()
    clock.pass_time(SESSION_SECONDS + 1)
    resume = accounts.ResumeSession(token=token, peer_id=PEER, port=1)
    with pytest.raises(MinitorrentError) as raised:
        first.logins.resume_session(other, resume)
    assert raised.value.code is ErrorCode.NOT_LOGGED_IN


def test_a_clock_behind_at_startup_ends_no_login(
    first: Services, ann: Caller, clock: Clock
) -> None:
    other = Caller("other", "10.0.0.1", "127.0.0.1")
    token = login(first, other)
    first.logins.disconnect(other)
    clock.now -= 10 * SESSION_SECONDS
    for _ in range(3):
        clock.pass_time(70)
        first.lifecycle.beat()
    clock.now += 10 * SESSION_SECONDS
    first.lifecycle.beat()
    resume = accounts.ResumeSession(token=token, peer_id=PEER, port=1)
    assert first.logins.resume_session(other, resume).user == "ann"
