"""Presence is leased by a tracker's heartbeat: trackers on one database, on a clock of the test."""

from __future__ import annotations

import pytest

from common.announce import AnnounceRequest
from common.api import accounts, presence
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash, PeerId
from tests.integration.tracker.lease.trackers import (
    PEER,
    Clock,
    announce,
    is_online,
    login,
    me,
    seeders,
    services_of,
    share,
    tracker_at,
)
from tracker.services.accounts.logins import SESSION_SECONDS
from tracker.services.caller import Caller
from tracker.services.catalogue import Services
from tracker.services.sharing.announce import LONGEST_INTERVAL
from tracker.store.engine import Store
from tracker.store.presence.trackers import DEAD_SECONDS, FRESH_SECONDS, Site


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
