"""One seeder, many new peers at once: close to the theoretical bound, with nobody left out.

No system can finish before max(F / u_seed, N·F / (u_seed + N·u)).
"""

from __future__ import annotations

import sys
from statistics import median

import pytest

from common.geometry import Geometry
from common.types import BLOCK_SIZE
from tests.simulation.network import Network
from tests.support.swarm.swarm_checks import check_swarm

UPLOAD = 256 * 1024.0
GEOMETRY = Geometry(128 * 4 * BLOCK_SIZE, 4 * BLOCK_SIZE)


@pytest.mark.parametrize("leechers", [10, pytest.param(50, marks=pytest.mark.soak)])
def test_a_flash_crowd_finishes_near_the_theoretical_bound(leechers: int) -> None:
    network = Network(GEOMETRY, seed=leechers)
    network.add(upload=UPLOAD, complete=True)
    nodes = [network.add(upload=UPLOAD, complete=False) for _ in range(leechers)]
    network.connect_all()
    network.run(limit=300.0)
    ends = sorted(node.finished_at for node in nodes if node.finished_at is not None)
    size = GEOMETRY.length
    bound = max(size / UPLOAD, leechers * size / (UPLOAD + leechers * UPLOAD))
    sys.stdout.write(f"{leechers} leechers: {ends[-1]:.1f} s, {ends[-1] / bound:.2f} x the bound\n")
    assert len(ends) == leechers
    assert ends[-1] < 1.4 * bound
    assert ends[-1] < 2 * median(ends)
    for node in nodes:
        check_swarm(node.swarm)
        assert node.wasted < size / 10
