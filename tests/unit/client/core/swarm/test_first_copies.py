from __future__ import annotations

from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from client.core.swarm.first_copies import MAX_AHEAD, MAX_EXAMINED, TOLERATED, FirstCopies
from common.bitfield import Bitfield
from tests.unit.client.core.swarm.test_picker import bitfield

COUNT = 12
NOTHING = Bitfield(COUNT)
PEERS = st.integers(1, 3)
SETS = st.sets(st.integers(0, COUNT - 1))


def source(pieces: int = COUNT, blocks: int = 4) -> FirstCopies:
    return FirstCopies(range(pieces), blocks, Random(1))


def give(copies: FirstCopies, key: int, count: int) -> list[int]:
    """Have a peer request this many pieces as suggested."""
    pieces = copies.suggest(key, NOTHING, 4 * count)
    copies.requested(key, pieces)
    return pieces


def everything(copies: FirstCopies, key: int = 99) -> list[int]:
    """What can still be suggested, in this order."""
    return copies.suggest(key, NOTHING, 4 * COUNT)


def test_each_piece_is_given_once() -> None:
    copies = source()
    given = [piece for turn in range(COUNT) for piece in give(copies, turn % 3, 1)]
    assert sorted(given) == list(range(COUNT))
    assert given != list(range(COUNT))  # all seeders begin with others
    assert everything(copies) == []


def test_as_much_is_suggested_as_a_peer_requests_at_once() -> None:
    copies = source()
    first = copies.suggest(1, bitfield({3}, COUNT), 9)
    assert len(first) == 3
    assert 3 not in first
    assert copies.suggest(1, NOTHING, 9) == []  # it has them in hand
    assert len(copies.suggest(1, NOTHING, 13)) == 1
    copies.requested(1, first)
    assert len(copies.suggest(1, NOTHING, 9)) == 2


def test_suggestions_and_the_search_for_them_are_limited() -> None:
    nothing = Bitfield(1000)
    assert len(source(pieces=1000).suggest(1, nothing, 4000)) == MAX_AHEAD
    copies, same = source(pieces=1000), source(pieces=1000)
    first = [piece for key in range(MAX_EXAMINED) for piece in same.suggest(key, nothing, 4)]
    assert copies.suggest(1, bitfield(set(first), 1000), 4) == []


def test_pieces_requested_by_another_are_not_suggested_again() -> None:
    copies = source()
    (piece,) = copies.suggest(1, NOTHING, 4)
    copies.requested(2, [piece])
    copies.left(1)
    assert piece not in everything(copies)
    copies.left(2)
    assert piece in everything(copies, 98)


def test_a_choked_peer_keeps_what_it_has() -> None:
    copies = source()
    had, lacked = give(copies, 1, 2)
    copies.suggest(1, NOTHING, 4)
    copies.choked(1, bitfield({had}, COUNT), None)
    left = everything(copies)
    assert set(left) == set(range(COUNT)) - {had}
    assert lacked in left[:2]  # others get it next


def test_a_choked_peer_may_finish_a_piece() -> None:
    copies = source()
    given = give(copies, 1, 2)
    copies.choked(1, NOTHING, given[0])
    assert given[0] not in everything(copies)
    copies.expire()
    copies.seen(1, given[:1])
    copies.expire()
    assert given[0] not in everything(copies, 98)


def test_a_piece_that_a_choked_peer_does_not_finish_is_given_again() -> None:
    copies = source()
    given = give(copies, 1, 2)
    copies.choked(1, NOTHING, given[0])
    copies.seen(2, [piece for piece in range(COUNT) if piece not in given])
    copies.expire()
    copies.expire()
    assert copies.suggest(3, NOTHING, 4) == given[:1]


def test_what_was_not_spread_is_given_again() -> None:
    copies = source()
    kept, spread = give(copies, 1, 2)
    copies.seen(1, [kept, spread])
    copies.seen(2, [spread])
    copies.left(1)
    assert set(everything(copies)) == set(range(COUNT)) - {spread}


def test_a_peer_that_passes_nothing_on_hoards() -> None:
    copies = source()
    pieces = give(copies, 1, TOLERATED)
    assert not copies.hoards(1)
    pieces += give(copies, 1, 1)
    assert copies.hoards(1)
    copies.seen(2, pieces[:1])
    assert not copies.hoards(1)
    pieces += give(copies, 1, 1)
    assert copies.hoards(1)
    copies.choked(1, bitfield(set(pieces), COUNT), None)
    assert copies.hoards(1)  # for good
    assert copies.suggest(1, NOTHING, 4) == []
    copies.requested(1, range(COUNT))
    assert set(everything(copies)) == set(range(COUNT)) - {pieces[0]}
    copies.left(1)
    assert not copies.hoards(1)


def test_what_others_have_already_comes_last() -> None:
    copies = source()
    copies.seen(7, [2, 5])
    assert everything(copies)[-2:] == [2, 5]


def test_suggestions_that_are_not_followed_expire() -> None:
    copies = source()
    first = copies.suggest(1, NOTHING, 8)
    copies.expire()
    copies.requested(1, first[:1])
    assert set(first) & set(copies.suggest(2, NOTHING, 4 * COUNT)) == set()
    copies.expire()
    assert copies.suggest(3, NOTHING, 4) == first[1:]


class FirstCopiesMachine(RuleBasedStateMachine):
    """Against what matters: no piece is suggested to two peers at once, and none gets lost."""

    def __init__(self) -> None:
        super().__init__()
        self.copies = source()
        self.suggested: dict[int, int] = {}
        self.given: dict[int, int] = {}
        self.spread: set[int] = set()

    @rule(key=PEERS, has=SETS, burst=st.integers(0, 60))
    def suggest(self, key: int, has: set[int], burst: int) -> None:
        for piece in self.copies.suggest(key, bitfield(has, COUNT), burst):
            assert piece not in has | self.spread | set(self.suggested) | set(self.given)
            self.suggested[piece] = key

    @rule(key=PEERS, pieces=SETS)
    def request(self, key: int, pieces: set[int]) -> None:
        hoards = self.copies.hoards(key)
        self.copies.requested(key, pieces)
        for piece in pieces - set(self.given) - self.spread:
            if hoards and piece not in self.suggested:
                continue
            self.suggested.pop(piece, None)
            self.given[piece] = key

    @rule(key=PEERS, pieces=SETS)
    def have(self, key: int, pieces: set[int]) -> None:
        self.copies.seen(key, pieces)
        for piece in pieces:
            if self.given.get(piece, key) != key:
                del self.given[piece]
                self.spread.add(piece)

    @rule()
    def round_ends(self) -> None:
        finishing = set(self.copies._finishing)
        self.copies.expire()
        self.suggested = dict(self.copies._suggested)
        for piece in finishing - self.copies._finishing:
            del self.given[piece]

    @rule(key=PEERS, has=SETS, finishing=st.none() | st.integers(0, COUNT - 1))
    def choke(self, key: int, has: set[int], finishing: int | None) -> None:
        hoards = self.copies.hoards(key)
        self.copies.choked(key, bitfield(has, COUNT), finishing)
        self.suggested = {p: whom for p, whom in self.suggested.items() if whom != key}
        self.given = {
            p: whom
            for p, whom in self.given.items()
            if whom != key or (not hoards if p in has else p == finishing)
        }

    @rule(key=PEERS)
    def leave(self, key: int) -> None:
        self.copies.left(key)
        self.suggested = {p: whom for p, whom in self.suggested.items() if whom != key}
        self.given = {p: whom for p, whom in self.given.items() if whom != key}

    @invariant()
    def nothing_is_lost(self) -> None:
        copies = self.copies
        assert copies._suggested == self.suggested
        assert copies._given == self.given
        assert copies._finishing <= set(self.given)
        fresh = set(range(COUNT)) - self.spread - set(self.given) - set(self.suggested)
        assert set(copies._fresh) == fresh
        for key in (1, 2, 3):
            assert copies._burdens[key] == sum(whom == key for whom in self.given.values())


TestFirstCopiesMachine = FirstCopiesMachine.TestCase
