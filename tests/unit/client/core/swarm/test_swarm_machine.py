"""A client among peers that do anything, in any order.

After every step every piece is in exactly one state and every buffer is accounted for; and however
bad it was, with one honest seed the download ends.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from client.core.swarm.picker import Picker
from client.core.transfers.piece_selection import PieceSelection
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import BLOCK_SIZE, Block, PieceIndex
from common.wire.messages import (
    BitfieldMessage,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    NotInterested,
    Request,
    Unchoke,
)
from tests.support.swarm.swarm_checks import check_swarm, lent_buffers
from tests.unit.client.core.protocol.downloader import Downloader, Remote

PIECE_LENGTH = 4 * BLOCK_SIZE
GEOMETRY = Geometry(8 * PIECE_LENGTH + BLOCK_SIZE + 7, PIECE_LENGTH)
COUNT = GEOMETRY.piece_count
FILES = [GEOMETRY.piece_size(PieceIndex(piece)) for piece in range(COUNT)]  # one a piece
PLACES = st.integers(0, 2**16)
PIECES = st.integers(0, COUNT - 1)
PATIENCE = 400
"""Seconds in which an honest seed must bring the rest."""


def connected(machine: SwarmMachine) -> bool:
    return bool(machine.client.remotes)


class SwarmMachine(RuleBasedStateMachine):
    @initialize(
        seed=st.integers(0, 99),
        pieces_at_once=st.integers(2, 20),
        seeds=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=3),
        wanted=st.none() | st.sets(PIECES),
        sequential=st.booleans(),
    )
    def begin(
        self,
        seed: int,
        pieces_at_once: int,
        seeds: list[tuple[bool, bool]],
        wanted: set[int] | None,
        sequential: bool,
    ) -> None:
        self.selection = PieceSelection(GEOMETRY, FILES, wanted, sequential=sequential)
        budget = pieces_at_once * PIECE_LENGTH
        self.client = Downloader(GEOMETRY, seed, budget, self.selection)
        for fast, honest in seeds:
            remote = self._join_seed(fast=fast, honest=honest, unchoked=True)
            self.client.read_all(remote.key)

    def _remote(self, place: int) -> Remote:
        remotes = list(self.client.remotes.values())
        return remotes[place % len(remotes)]

    # --- joining and leaving ---
    @rule(fast=st.booleans(), honest=st.booleans(), unchoked=st.booleans(), read=st.booleans())
    def a_seed_joins(self, fast: bool, honest: bool, unchoked: bool, read: bool) -> None:
        self._join_seed(fast=fast, honest=honest, unchoked=unchoked)
        if read:
            self.client.read_all(max(self.client.remotes))

    def _join_seed(self, *, fast: bool, honest: bool, unchoked: bool) -> Remote:
        remote = self.client.join(fast=fast, honest=honest)
        self.client.perform(self.client.protocol.confirm(remote.key))
        remote.has = set(range(COUNT))
        remote.say(HaveAll() if fast else BitfieldMessage(Bitfield.full(COUNT).to_bytes()))
        if unchoked:
            remote.choking = False
            remote.say(Unchoke())
        return remote

    @rule(fast=st.booleans(), honest=st.booleans(), has=st.sets(PIECES), silent=st.booleans())
    def a_leecher_joins(self, fast: bool, honest: bool, has: set[int], silent: bool) -> None:
        remote = self.client.join(fast=fast, honest=honest)
        if silent:
            return
        if not has and fast:
            remote.say(HaveNone())
            return
        bitfield = Bitfield(COUNT)
        for piece in has:
            bitfield.add(piece)
        remote.has = has
        remote.say(BitfieldMessage(bitfield.to_bytes()))

    @precondition(connected)
    @rule(place=PLACES)
    def one_leaves(self, place: int) -> None:
        self.client.leave(self._remote(place).key)

    @precondition(connected)
    @rule(place=PLACES)
    def one_breaks_the_protocol(self, place: int) -> None:
        """Together with its earlier messages."""
        remote = self._remote(place)
        remote.wire += b"\xff" * 100
        self.client.read_all(remote.key)
        assert remote.key not in self.client.remotes

    # --- peers' messages ---
    @precondition(connected)
    @rule(place=PLACES, piece=PIECES)
    def one_has(self, place: int, piece: int) -> None:
        remote = self._remote(place)
        remote.has.add(piece)
        remote.say(Have(piece))

    @precondition(connected)
    @rule(place=PLACES)
    def one_unchokes(self, place: int) -> None:
        remote = self._remote(place)
        remote.choking = False
        remote.say(Unchoke())

    @precondition(connected)
    @rule(place=PLACES)
    def one_chokes(self, place: int) -> None:
        self._remote(place).choke()

    @precondition(connected)
    @rule(place=PLACES, count=st.integers(1, 40), first=st.just(0) | PLACES, read=st.booleans())
    def one_answers(self, place: int, count: int, first: int, read: bool) -> None:
        remote = self._remote(place)
        for _ in range(min(count, len(remote.asked))):
            remote.answer(first % len(remote.asked))
        if read:
            self.client.read_all(remote.key)

    @precondition(connected)
    @rule(place=PLACES, which=PLACES)
    def one_rejects(self, place: int, which: int) -> None:
        remote = self._remote(place)
        if remote.fast and remote.asked:
            remote.refuse(which % len(remote.asked))

    @precondition(connected)
    @rule(place=PLACES, interested=st.booleans())
    def one_is_interested_or_not(self, place: int, interested: bool) -> None:
        self._remote(place).say(Interested() if interested else NotInterested())

    @precondition(connected)
    @rule(place=PLACES, piece=PIECES)
    def one_requests(self, place: int, piece: int) -> None:
        remote = self._remote(place)
        peer = self.client.swarm.peers[remote.key]
        serves = self.client.have[piece] and not peer.am_choking
        remote.say(Request(piece, 0, 5))
        self.client.read_all(remote.key)
        if remote.key in self.client.remotes and serves and not peer.am_choking:
            assert Block(PieceIndex(piece), 0, 5) in self.client.waiting[remote.key].blocks
        self.client.perform(self.client.protocol.confirm(remote.key))

    # --- reading ---
    @precondition(connected)
    @rule(place=PLACES, limit=st.integers(1, 70_000))
    def some_is_read(self, place: int, limit: int) -> None:
        self.client.read(self._remote(place).key, limit)

    @precondition(connected)
    @rule(place=PLACES)
    def all_is_read(self, place: int) -> None:
        self.client.read_all(self._remote(place).key)

    @precondition(connected)
    @rule(place=PLACES, limit=st.integers(1, 200_000))
    def pieces_are_verified_while_one_is_read(self, place: int, limit: int) -> None:
        """Other threads finish a piece and hand out work between the reading and the judging."""
        self.client.read(self._remote(place).key, limit, between=self._all_verified)

    def _all_verified(self) -> None:
        while self.client.verifying:
            self.client.verify()
        for key in list(self.client.remotes):
            self.client.refill(key)

    @precondition(lambda self: self.client.verifying)
    @rule(place=PLACES)
    def a_piece_is_verified(self, place: int) -> None:
        self.client.verify(place % len(self.client.verifying))

    @rule(seconds=st.sampled_from([0.25, 1.0, 5.0, 21.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.client.tick(seconds)

    # --- invariants ---
    @invariant()
    def every_piece_is_in_one_state(self) -> None:
        check_swarm(self.client.swarm)

    @invariant()
    def every_buffer_is_accounted_for(self) -> None:
        held = sorted(map(id, lent_buffers(self.client.swarm)))
        assert held == sorted(map(id, self.client.pool.lent))

    @invariant()
    def rarity_is_counted_right(self) -> None:
        picker = self.client.swarm._scheduler.picker
        if not isinstance(picker, Picker):
            return
        peers = [peer for peer in self.client.swarm.peers.values() if not peer.has_all]
        for piece, rarity in enumerate(picker._rarity):
            assert rarity == sum(peer.has[piece] for peer in peers)

    @invariant()
    def what_is_wanted_is_known(self) -> None:
        have, wanted = self.client.have, self.selection.pieces
        assert all(wanted[piece] for piece in have)
        assert self.client.swarm.done == self.client.swarm.verified_bytes
        for peer in self.client.swarm.peers.values():
            assert peer.wanted == sum(wanted[piece] and not have[piece] for piece in peer.has)
            assert peer.am_interested == bool(peer.wanted)

    def teardown(self) -> None:
        if not hasattr(self, "client"):
            return
        self._finish_with_an_honest_seed()
        for key in list(self.client.remotes):
            self.client.leave(key)
        while self.client.verifying:
            self.client.verify()
        self.client.swarm.close()
        assert not self.client.pool.lent

    def _finish_with_an_honest_seed(self) -> None:
        seed = self._an_honest_seed()
        deadline = self.client.now + PATIENCE
        while not self.client.swarm.complete:
            assert self.client.now < deadline, f"stuck: {self.client.swarm!r}"
            if seed.key not in self.client.remotes:
                seed = self._an_honest_seed()  # it was disconnected for an earlier violation
            while seed.asked:
                seed.answer(0)
            self.client.read_all(seed.key)
            while self.client.verifying:
                self.client.verify()
            self.client.tick(1.0)
            self.every_piece_is_in_one_state()
            self.every_buffer_is_accounted_for()
        assert list(self.client.have) == list(self.selection.pieces)

    def _an_honest_seed(self) -> Remote:
        """Return a present peer that behaves from now on, or a new one."""
        for remote in self.client.remotes.values():
            if remote.honest and len(remote.has) == COUNT:
                remote.choking = False
                remote.say(Unchoke())
                self.client.perform(self.client.protocol.confirm(remote.key))
                for piece in range(COUNT):  # it may have rejected some of them
                    remote.say(Have(piece))
                return remote
        return self._join_seed(fast=True, honest=True, unchoked=True)


SwarmMachine.TestCase.settings = settings(stateful_step_count=50)
TestSwarmMachine = pytest.mark.slow(SwarmMachine.TestCase)
