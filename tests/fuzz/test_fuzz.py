"""Every decoder on its corpus, and on a second of mutations of it."""

from __future__ import annotations

import time
from random import Random

import pytest

from tests.fuzz import CORPUS
from tests.fuzz.targets import TARGETS, mutated

SECONDS = 1.0


def test_every_target_has_a_corpus() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_a_second_of_mutations(name: str) -> None:
    """`make fuzz` runs for longer, and is guided by coverage."""
    target = TARGETS[name]
    seeds = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    for seed in seeds:
        target(seed)
    number = time.time_ns()
    rng = Random(number)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        data = mutated(rng.choice(seeds), rng)
        try:
            target(data)
        except BaseException as error:
            error.add_note(f"{name}, random seed {number}: {data!r}")
            raise
