"""A film watched during its download: how long the viewer waits for the next piece.

Several seeders send it, one of them so slow that it delays every piece it sends.
"""

from __future__ import annotations

import sys

from client.core.transfers.piece_selection import PieceSelection
from common.geometry import Geometry
from common.types import BLOCK_SIZE
from tests.simulation.network import Network, Node

FAST, SLOW = 256 * 1024.0, 4 * 1024.0
GEOMETRY = Geometry(64 * 16 * BLOCK_SIZE, 16 * BLOCK_SIZE)
SEQUENTIAL = PieceSelection(GEOMETRY, [GEOMETRY.length], sequential=True)


def watch(selection: PieceSelection | None) -> tuple[Node, float]:
    """Download everything; return the node, and its longest lag behind the film."""
    network = Network(GEOMETRY, seed=3)
    for upload in (FAST, FAST, SLOW):
        network.add(upload=upload, complete=True)
    node = network.add(upload=FAST, complete=False, selection=selection)
    network.connect_all()
    network.run(limit=600.0)
    assert node.finished_at is not None
    seconds = node.finished_at / GEOMETRY.piece_count
    latest = 0.0
    behind = 0.0
    for piece in range(GEOMETRY.piece_count):
        latest = max(latest, node.piece_at[piece])
        behind = max(behind, latest - piece * seconds)
    return node, behind


def test_sequential_download_is_not_delayed_by_a_slow_peer() -> None:
    node, behind = watch(SEQUENTIAL)
    rarest, rarest_behind = watch(None)
    assert node.finished_at is not None
    assert rarest.finished_at is not None
    sys.stdout.write(
        f"in order: {node.finished_at:.1f} s, a viewer is {behind:.1f} s behind; rarest first: "
        f"{rarest.finished_at:.1f} s, {rarest_behind:.1f} s behind; wasted {node.wasted} bytes\n"
    )
    assert behind < node.finished_at / 4 < rarest_behind
    assert node.finished_at < 1.3 * GEOMETRY.length / (2 * FAST + SLOW)
    assert node.wasted < GEOMETRY.length / 20
