from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.admission.candidates import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MAX_DIALS_PER_ADDRESS,
    MAX_DIALS_PER_USER,
    MAX_KNOWN,
    MAX_PER_ROUND,
    MAX_PER_USER,
    MAX_SEEN,
    WORTHWHILE_AFTER,
    Candidates,
    PeerCandidate,
    keeps_new_connection,
)
from client.core.admission.obstacle import Obstacle
from common.types import Endpoint, PeerId

ME = PeerId(b"-MT0001-me__________")


def peer_id(number: int) -> PeerId:
    return PeerId(b"-XX0001-%012d" % number)


def endpoint(number: int) -> Endpoint:
    return Endpoint("10.0.0.1", 1000 + number)


def listed(*numbers: int, user: str | None = None) -> list[PeerCandidate]:
    return [
        PeerCandidate(endpoint(number), peer_id(number), user or f"user {number}")
        for number in numbers
    ]


def nobody(_: PeerCandidate) -> bool:
    """Nobody is connected or banned."""
    return False


def only(*numbers: int) -> Callable[[PeerCandidate], bool]:
    """Those are connected or banned."""
    taken = [endpoint(number) for number in numbers]
    return lambda candidate: candidate.endpoint in taken


def knowing(*numbers: int) -> Candidates:
    candidates = Candidates(ME)
    candidates.learn(listed(*numbers))
    return candidates


def test_free_places_are_dialled_and_each_peer_once() -> None:
    candidates = knowing(1, 2, 3, 4)
    assert candidates.to_dial(only(2), 2, 0.0) == [endpoint(1), endpoint(3)]
    assert candidates.to_dial(only(2), 5, 0.0) == [endpoint(4)]
    assert candidates.to_dial(nobody, 0, 0.0) == []


def test_known_and_unreachable_peers_are_counted() -> None:
    candidates = knowing(1, 2)
    candidates.learn([*listed(2, 3), *listed(4), PeerCandidate(endpoint(5), ME, "me")])
    assert candidates.reachability() == (3, []), "those of the last announce, without oneself"
    candidates.failed(endpoint(2), 0.0, Obstacle.REFUSED)
    assert candidates.reachability() == (3, []), "it may just be starting again"
    candidates.failed(endpoint(2), 9.0, Obstacle.NO_ANSWER)
    assert candidates.reachability() == (3, [Obstacle.NO_ANSWER])
    candidates.failed(endpoint(2), 20.0)
    assert candidates.reachability() == (3, []), "the last dial failed for a reason of ours"
    candidates.failed(endpoint(2), 30.0, Obstacle.HUNG_UP)
    candidates.connected(endpoint(2), 40.0)
    assert candidates.reachability() == (3, [])
    candidates.learn([PeerCandidate(Endpoint("10.0.0.1", 0), peer_id(6), "eve")])
    assert candidates.reachability() == (1, [Obstacle.REFUSED]), (
        "nobody can dial who listens nowhere"
    )


def test_peers_that_hang_up_after_handshakes_are_retried_less_and_less() -> None:
    candidates = knowing(1)
    for now, pause in ((0.0, 2.0), (10.0, 4.0), (20.0, 8.0)):
        assert candidates.to_dial(nobody, 1, now) == [endpoint(1)]
        candidates.connected(endpoint(1), now)
        candidates.left(endpoint(1), now, useful=False)
        assert candidates.to_dial(nobody, 1, now + pause - 0.1) == []
    assert candidates.reachability() == (1, [Obstacle.LEFT])


@pytest.mark.parametrize(("useful", "seconds"), [(True, 0.0), (False, WORTHWHILE_AFTER)])
def test_a_useful_connection_resets_the_delay(useful: bool, seconds: float) -> None:
    candidates = knowing(1)
    for now in (0.0, 10.0):
        candidates.failed(endpoint(1), now, Obstacle.REFUSED)
    candidates.connected(endpoint(1), 100.0)
    candidates.left(endpoint(1), 100.0 + seconds, useful=useful)
    assert candidates.reachability() == (1, [])
    assert candidates.to_dial(nobody, 1, 100.0 + seconds + FIRST_PAUSE) == [endpoint(1)]


def test_last_dial_failed_follows_the_latest_outcome() -> None:
    """A seeder also retries before its next announce, but not departed peers."""
    candidates = knowing(1)
    failing = [candidates.last_dial_failed]
    candidates.failed(endpoint(1), 0.0, Obstacle.HUNG_UP)
    failing.append(candidates.last_dial_failed)
    candidates.connected(endpoint(1), 2.0)
    failing.append(candidates.last_dial_failed)
    candidates.left(endpoint(1), 3.0, useful=True)
    failing.append(candidates.last_dial_failed)
    assert failing == [False, True, False, False]
    candidates.failed(endpoint(1), 5.0, Obstacle.REFUSED)
    candidates.learn([])
    assert not candidates.last_dial_failed, "the tracker tells of it no more"


def test_our_client_is_not_suspected_of_requiring_encryption() -> None:
    candidates = Candidates(ME)
    candidates.learn([*listed(1), PeerCandidate(endpoint(2), PeerId(b"-MI0100-%012d" % 2), "bob")])
    for number, now in ((1, 0.0), (2, 0.0), (1, 9.0), (2, 9.0)):
        candidates.failed(endpoint(number), now, Obstacle.HUNG_UP)
    assert candidates.reachability() == (2, [Obstacle.HUNG_UP, Obstacle.TURNED_AWAY])


def test_own_and_portless_addresses_are_not_dialled() -> None:
    candidates = Candidates(ME)
    candidates.learn([PeerCandidate(endpoint(1), ME, "me")])
    candidates.learn([PeerCandidate(Endpoint("10.0.0.1", 0), peer_id(n), "bob") for n in (2, 3)])
    assert candidates.to_dial(nobody, 9, 0.0) == []
    assert len(candidates._known) == 2


def test_unreachable_peers_are_retried_less_and_less() -> None:
    candidates = knowing(1)
    now = 0.0
    pauses = []
    for _ in range(12):
        assert candidates.to_dial(nobody, 1, now) == [endpoint(1)]
        candidates.failed(endpoint(1), now)
        again = now
        while not candidates.to_dial(nobody, 1, again):
            again += 0.5
        candidates.connected(endpoint(2), now)  # another's success changes nothing
        pauses.append(again - now)
        now = again
        next(iter(candidates._known.values())).dialling = False
    assert pauses[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_a_repeated_announce_keeps_the_history() -> None:
    candidates = knowing(1)
    candidates.failed(endpoint(1), 0.0)
    candidates.learn(listed(1))
    assert candidates.to_dial(nobody, 9, 0.0) == []


def test_a_peer_that_moved_is_dialled_at_its_new_place() -> None:
    candidates = knowing(1)
    candidates.failed(endpoint(1), 0.0)
    candidates.learn([PeerCandidate(endpoint(7), peer_id(1), "user 1")])
    assert candidates.to_dial(nobody, 9, 0.0) == [endpoint(7)]


def test_a_restarted_client_replaces_its_former_entry() -> None:
    """Its old peer id will never connect; dialling there would only disturb the new one."""
    candidates = knowing(1, 2)
    candidates.failed(endpoint(1), 0.0)
    candidates.learn([PeerCandidate(endpoint(1), peer_id(3), "user 1")])
    assert candidates.remembered_user(peer_id(1), "10.0.0.1") is None
    assert candidates.remembered_user(peer_id(3), "10.0.0.1") == "user 1"
    assert candidates.to_dial(only(2), 9, 0.0) == [endpoint(1)], "a new run starts afresh"


def test_a_copied_peer_id_does_not_replace_its_owner() -> None:
    candidates = knowing(1)
    impostor = PeerCandidate(Endpoint("10.0.0.66", 1001), peer_id(1), "mallory")
    candidates.learn([*listed(1), impostor])
    assert set(candidates.to_dial(nobody, 9, 0.0)) == {endpoint(1), impostor.endpoint}
    assert candidates.listed_user(peer_id(1), "10.0.0.1") == "user 1"
    assert candidates.listed_user(peer_id(1), "10.0.0.66") == "mallory"
    assert candidates.listed_user(peer_id(1), "10.0.0.99") is None


def test_an_endpoint_of_two_users_is_dialled_once() -> None:
    candidates = knowing(1)
    candidates.learn([*listed(1), PeerCandidate(endpoint(1), peer_id(9), "mallory")])
    assert candidates.to_dial(nobody, 9, 0.0) == [endpoint(1)]
    assert [
        found.user if (found := candidates.listed_at(endpoint(1), peer_id(n))) else None
        for n in (1, 9, 5)
    ] == ["user 1", "mallory", "user 1"]
    assert candidates.listed_at(endpoint(4), peer_id(1)) is None


def test_fake_peers_of_one_user_do_not_delay_others() -> None:
    candidates = Candidates(ME)
    crowd = [PeerCandidate(Endpoint("10.6.6.6", n), peer_id(n), "mallory") for n in range(1, 801)]
    candidates.learn([*crowd, *listed(1)])
    assert len(candidates._known) == MAX_PER_USER + 1
    chosen = candidates.to_dial(nobody, 50, 0.0)
    assert endpoint(1) in chosen
    assert len(chosen) == MAX_DIALS_PER_USER + 1
    assert candidates.to_dial(nobody, 50, 0.0) == [], "until one of those is over"
    candidates.failed(chosen[0], 0.0)
    assert len(candidates.to_dial(nobody, 50, 0.0)) == 1


def test_dials_are_bounded_per_address_and_round() -> None:
    candidates = knowing(*range(1, 100))
    assert len(candidates.to_dial(nobody, 50, 0.0)) == MAX_DIALS_PER_ADDRESS
    apart = Candidates(ME)
    apart.learn([PeerCandidate(Endpoint(f"10.0.1.{n}", 1), peer_id(n), f"{n}") for n in range(50)])
    assert len(apart.to_dial(nobody, 50, 0.0)) == MAX_PER_ROUND


def test_incoming_peers_are_remembered_within_bounds() -> None:
    candidates = Candidates(ME)
    for number in range(MAX_SEEN + 1):
        candidates.remember_user(peer_id(number), "10.0.0.9", "ann")
    assert candidates.remembered_user(peer_id(0), "10.0.0.9") is None
    assert candidates.remembered_user(peer_id(1), "10.0.0.9") == "ann"
    assert candidates.remembered_user(peer_id(1), "10.0.0.8") is None


def test_former_members_are_forgotten() -> None:
    candidates = knowing(1, 2)
    candidates.remember_user(peer_id(7), "10.0.0.9", "user 1")
    candidates.remember_user(peer_id(8), "10.0.0.9", "user 2")
    candidates.forget_user("user 1")
    assert candidates.reachability() == (1, [])
    assert candidates.remembered_user(peer_id(1), "10.0.0.1") is None
    assert candidates.remembered_user(peer_id(7), "10.0.0.9") is None
    assert candidates.remembered_user(peer_id(8), "10.0.0.9") == "user 2"
    assert candidates.to_dial(nobody, 9, 0.0) == [endpoint(2)]


def test_after_the_tracker_was_away_only_its_next_list_counts() -> None:
    candidates = knowing(1, 2)
    candidates.remember_user(peer_id(7), "10.0.0.9", "ann")
    candidates.forget_all()
    assert candidates.reachability() == (0, [])
    assert candidates.remembered_user(peer_id(7), "10.0.0.9") is None
    candidates.learn(listed(3))
    assert candidates.to_dial(nobody, 9, 0.0) == [endpoint(3)]


def test_the_list_is_bounded_and_open_to_new_peers() -> None:
    candidates = knowing(*range(1, MAX_KNOWN + 1))
    candidates.failed(endpoint(500), 0.0)
    candidates.learn(listed(MAX_KNOWN + 1))
    assert len(candidates._known) == MAX_KNOWN
    assert candidates.remembered_user(peer_id(MAX_KNOWN + 1), "10.0.0.1") is not None


@given(st.binary(min_size=20, max_size=20), st.binary(min_size=20, max_size=20))
def test_both_sides_keep_the_same_connection(one: bytes, other: bytes) -> None:
    if one == other:
        return
    a, b = PeerId(one), PeerId(other)
    # Two connections: the first a dialled, the second b dialled. Each side may see either first.
    a_keeps_b_dialled = keeps_new_connection(me=a, other=b, incoming=True)
    b_keeps_b_dialled = keeps_new_connection(me=b, other=a, incoming=False)
    a_keeps_a_dialled = keeps_new_connection(me=a, other=b, incoming=False)
    b_keeps_a_dialled = keeps_new_connection(me=b, other=a, incoming=True)
    assert a_keeps_b_dialled == b_keeps_b_dialled == (not a_keeps_a_dialled)
    assert a_keeps_a_dialled == b_keeps_a_dialled


@pytest.mark.parametrize("incoming", [True, False])
def test_the_dial_of_the_higher_peer_id_is_kept(incoming: bool) -> None:
    low, high = peer_id(1), peer_id(2)
    assert keeps_new_connection(me=low, other=high, incoming=incoming) == incoming
    assert keeps_new_connection(me=high, other=low, incoming=incoming) != incoming


def test_peers_unknown_to_the_tracker_are_not_dialled() -> None:
    candidates = knowing(1, 2)
    candidates.forget(peer_id(1), "10.0.0.1")
    candidates.forget(peer_id(2), "10.0.0.2")
    candidates.forget(peer_id(9), "10.0.0.1")
    assert candidates.to_dial(nobody, 9, 0.0) == [endpoint(2)]


# --- rendezvous -----------------------------------------------------------------------------
@pytest.mark.parametrize("is_dialled_first", [True, False])
def test_a_peer_that_we_dont_meet_either_is_beyond_reach(is_dialled_first: bool) -> None:
    candidates = knowing(1)
    candidates.to_dial(nobody, 5, 0.0)
    if is_dialled_first:
        candidates.failed(endpoint(1), 0.0, Obstacle.NO_ANSWER)
    candidates.not_met(endpoint(1), Obstacle.NO_WAY)
    candidates.failed(endpoint(1), 0.0, Obstacle.NO_ANSWER)
    candidates.failed(endpoint(1), 0.0, Obstacle.REFUSED)
    assert candidates.reachability() == (1, [Obstacle.NO_WAY])


def test_a_peer_that_answers_tells_more_than_one_that_we_dont_meet() -> None:
    candidates = knowing(1)
    candidates.not_met(endpoint(1), Obstacle.NO_WAY)
    for _ in range(2):
        candidates.failed(endpoint(1), 0.0, Obstacle.CERTIFICATE)
    assert candidates.reachability() == (1, [Obstacle.CERTIFICATE])


def test_a_connection_makes_an_earlier_failure_void() -> None:
    candidates = knowing(1)
    candidates.not_met(endpoint(1), Obstacle.NO_WAY)
    candidates.connected(endpoint(1), 0.0)
    for _ in range(2):
        candidates.failed(endpoint(1), 0.0, Obstacle.NO_ANSWER)
    assert candidates.reachability() == (1, [Obstacle.NO_ANSWER])


def test_candidates_are_found_by_endpoint() -> None:
    found = knowing(1, 2).at(endpoint(2))
    assert found is not None
    assert found.user == "user 2"
    assert knowing(1).at(endpoint(2)) is None


def test_a_client_is_known_at_all_of_its_addresses() -> None:
    candidates = Candidates(ME)
    inside = Endpoint("192.168.1.10", 6881)
    (ann,) = listed(1)
    ann.others = (inside,)
    candidates.learn([ann])
    assert candidates.at(endpoint(1)) is candidates.at(inside) is ann
    assert candidates.listed_user(peer_id(1), inside.host) == "user 1"
    assert candidates.remembered_user(peer_id(1), inside.host) == "user 1"
    assert candidates.listed_at(inside, peer_id(1)) is not None
    assert candidates.to_dial(nobody, 9, 0.0) == [endpoint(1)]
    candidates.connected(inside, 0.0)
    candidates.left(inside, 1.0, useful=True)
    assert candidates.to_dial(nobody, 9, 1.0 + FIRST_PAUSE) == [endpoint(1)]
    candidates.learn(listed(1))
    assert candidates.at(inside) is None, "the last answer counts"
    ann.others = (inside,)
    candidates.forget(peer_id(1), inside.host)
    assert candidates.remembered_user(peer_id(1), endpoint(1).host) is None
