"""Clocks that are set, or wrong at startup, end neither presence nor logins."""

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
    seeders,
    share,
)
from tracker.domain.throttle import PER_ACCOUNT
from tracker.services.accounts.logins import SESSION_SECONDS
from tracker.services.caller import Caller
from tracker.services.catalogue import Services
from tracker.services.lifecycle import DISTRUST_SECONDS
from tracker.services.sharing.announce import LONGEST_INTERVAL
from tracker.store.presence.trackers import FRESH_SECONDS


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
