"""Swarms of four pieces, and their peers' messages."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import TypedDict, Unpack

from client.core.protocol.peer_protocol import PeerProtocol
from client.core.protocol.peer_stream_decoder import (
    HavesReceived,
    MessageReceived,
    PeerStreamDecoder,
    RequestsReceived,
)
from client.core.swarm.actions import Action
from client.core.swarm.swarm import Swarm
from client.core.swarm.swarm_config import SwarmConfig
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import BLOCK_SIZE, Block
from common.wire.messages import Have, Message, Request
from tests.support.swarm.runs import alone
from tests.support.swarm.waiting_blocks import WaitingBlocks
from tests.unit.client.core.protocol.downloader import Pool

PIECE = 4 * BLOCK_SIZE
GEOMETRY = Geometry(4 * PIECE, PIECE)
ALL = range(4)


class Limits(TypedDict, total=False):
    upload_slots: int
    max_upload_slots: int
    extra_slots: int
    slot_idle_after: float
    rechoke_every: float
    keep_alive_every: float
    silent_after: float
    initial_window: int
    min_window: int
    min_ahead: int
    connections: int
    useless_after: float


def swarm_with(have: Iterable[int] = (), **limits: Unpack[Limits]) -> Swarm:
    bitfield = Bitfield(4)
    for piece in have:
        bitfield.add(piece)
    if "upload_slots" in limits:  # as many in any case
        limits = {"max_upload_slots": limits["upload_slots"], "extra_slots": 0, **limits}
    return Swarm(GEOMETRY, bitfield, Pool(20 * PIECE), Random(1), 0.0, SwarmConfig(**limits))


def greet(swarm: Swarm, key: int, *, fast: bool) -> list[Action]:
    protocol = PeerProtocol(swarm, b"")
    return protocol.join(key, PeerStreamDecoder(), WaitingBlocks(), fast=fast, now=0.0)


def receive(swarm: Swarm, key: int, message: Message) -> list[Action]:
    protocol = PeerProtocol(swarm, b"")
    if isinstance(message, Have):
        return protocol.receive(key, HavesReceived([message.piece]))
    return protocol.receive(key, MessageReceived(message))


def requested(swarm: Swarm, key: int, requests: list[Request]) -> tuple[list[Block], list[Action]]:
    """Return the requests that wait for an answer then, and the messages to the peer."""
    actions = PeerProtocol(swarm, b"").receive(key, RequestsReceived(alone(requests)))
    waiting = swarm.peers[key].uploads
    assert isinstance(waiting, WaitingBlocks)
    return waiting.blocks, actions


def join(swarm: Swarm, key: int, *messages: Message, fast: bool = True) -> None:
    greet(swarm, key, fast=fast)
    swarm.confirm(key)
    for message in messages:
        receive(swarm, key, message)
