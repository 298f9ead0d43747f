"""Settings and fixtures for all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler.loadfile import LoadFileScheduling

from tests.support.programs import warm

# A slow machine, or one that measures coverage, is no failure. `make test` tries the same examples
# in each run, so that a failure is due to what was changed; `make properties` tries new ones, and
# enough of them to find what is rare. A property that needs more in every run sets its own number.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _PATIENT, max_examples=40, derandomize=True)
settings.register_profile("thorough", _PATIENT, max_examples=1000)
settings.load_profile("quick")

_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ

# The trackers and clients that tests start keep what they compile: recompiling it each time
# takes longer than the rest of a start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# They don't load it all again either, except in tests of the start itself.
os.environ[warm.SWITCH] = "1"

# A real hash costs as much as the rest of a login: only the tests about it pay for that.
os.environ[warm.CHEAP_PASSWORDS] = "1"

_ROOT = Path(__file__).parents[1]
_TOGETHER = "tests/browser/"


class FolderScheduling(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
    """Files are units of work, but for those in a folder that is expensive to prepare."""

    def _split_scope(self, nodeid: str) -> str:
        return _TOGETHER if nodeid.startswith(_TOGETHER) else super()._split_scope(nodeid)


def pytest_configure(config: pytest.Config) -> None:
    """Start one PostgreSQL server for all workers, before they start."""
    if not _IS_WORKER and config.getoption("numprocesses", None):
        from tests.postgres.shared import start_for_workers

        start_for_workers()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect garbage seldom: otherwise that takes a tenth of the tests' time."""
    gc.disable()  # what is made here stays
    result = yield
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Give each worker whole files, and one of them all files of the page's tests: every worker
    that runs some starts a tracker, three clients and a browser for them."""
    return FolderScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files with stock clients, which mostly wait, among the first half of the others,
    which keep the processor busy."""
    if not _IS_WORKER:
        return
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    patient = [path for path in files if path.is_relative_to(_ROOT / "tests/interop")]
    busy = [path for path in files if path not in patient]
    step = len(busy) / (2 * len(patient) or 1)
    places = {path: number * step - 0.5 for number, path in enumerate(patient)}
    places |= {path: float(number) for number, path in enumerate(busy)}
    items[:] = [item for path in sorted(files, key=places.__getitem__) for item in files[path]]
