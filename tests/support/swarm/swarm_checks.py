"""Invariants of a swarm at any time."""

from __future__ import annotations

from client.core.swarm.picker import Picker
from client.core.swarm.sequential_picker import SequentialPicker
from client.core.swarm.swarm import Swarm
from client.core.swarm.tiered_picker import AnyPicker, TieredPicker


def check_swarm(swarm: Swarm) -> None:
    """Check that every piece is in exactly one state; raises AssertionError."""
    scheduler = swarm._scheduler
    for piece in range(scheduler._have.size):
        states = {
            "have": scheduler._have[piece],
            "open": scheduler.picker.is_open(piece),
            "partial": piece in scheduler._partial,
            "in hand": not scheduler._have[piece] and scheduler._in_hand(piece),
            "unwanted": not (scheduler._have[piece] or scheduler._wanted[piece]),
        }
        assert sum(states.values()) == 1, f"piece {piece} is {states}"
    for partial in scheduler._partial.values():
        assert partial.missing, f"{partial} can't be continued"
        assert not partial.outstanding, f"{partial} waits for blocks"
        assert not partial.empty, f"{partial} holds no blocks"
    check_picker(scheduler.picker)


def check_picker(picker: AnyPicker) -> None:
    """Check what a picker knows of its open pieces; raises AssertionError.

    In order, none is skipped; by rarity, each is in the bucket of its rarity exactly once.
    """
    if isinstance(picker, TieredPicker):
        for tier in picker._pickers:
            check_picker(tier)
        return
    if isinstance(picker, SequentialPicker):
        assert all(piece >= picker._first for piece in picker._open)
        return
    assert isinstance(picker, Picker)
    assert set(picker._place) == set(picker._open)
    for piece, place in picker._place.items():
        assert picker._buckets[picker._rarity[piece]][place] == piece
    assert sum(len(bucket) for bucket in picker._buckets.values()) == picker._open.count
    assert all(picker._buckets.values())


def lent_buffers(swarm: Swarm) -> list[object]:
    """Return the buffers that a swarm has taken and not given back."""
    scheduler = swarm._scheduler
    held = [*scheduler._partial.values(), *scheduler._verifying]
    for peer in scheduler._peers.values():
        held += [*peer.downloads.values(), *peer.cancelled]
    return [download.lent for download in held]
