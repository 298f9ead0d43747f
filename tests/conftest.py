"""Settings and fixtures for all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
from coverage import Coverage
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

# Coverage is measured in the test processes, not in the hundreds of trackers and clients that
# they start: that would cost more than all the rest, and shows next to nothing that they don't.
MEASURE: dict[str, str] = {}
"""The environment of a process whose coverage is measured nevertheless."""


_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ


def _measure_no_processes() -> None:
    if _IS_WORKER:
        for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
            if name in os.environ:
                MEASURE[name] = os.environ.pop(name)


_measure_no_processes()

# The trackers and clients that tests start keep what they compile: recompiling it each time
# takes longer than the rest of a start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# They don't load it all again either, except in tests of the start itself.
os.environ[warm.SWITCH] = "1"

# A real hash costs as much as the rest of a login: only the tests about it pay for that.
os.environ[warm.CHEAP_PASSWORDS] = "1"

_ROOT = Path(__file__).parents[1]
_TOGETHER = "tests/browser/"
_MEASURED = (
    "tests/unit",
    *(
        f"tests/integration/tracker/{name}.py"
        for name in (
            "accounts/test_accounts",
            "frontend/test_api",
            "files/test_files",
            "groups/test_groups",
            "frontend/test_http",
            "frontend/test_limits",
            "operations/test_operator",
            "presence/test_progress",
            "operations/test_store",
            "operations/test_upkeep",
        )
    ),
)
"""Tests that reach nearly all code that the others do: only they are measured, with some pages.

Measuring more than doubles the time of code in a test's own process. tests/unit must
cover the pure packages completely.
"""


class FolderScheduling(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
    """Files are units of work, but for those in a folder that is expensive to prepare."""

    def _split_scope(self, nodeid: str) -> str:
        return _TOGETHER if nodeid.startswith(_TOGETHER) else super()._split_scope(nodeid)


@contextmanager
def _unmeasured() -> Iterator[None]:
    """Measure no coverage in this worker inside the block."""
    measuring = Coverage.current() if _IS_WORKER else None
    if measuring is None:
        yield
        return
    measuring.stop()
    try:
        yield
    finally:
        measuring.start()
        _measure_no_processes()  # for this, it said the opposite


def _is_measured(item: pytest.Item) -> bool:
    """Return whether coverage is measured in a test: it makes slow ones six times slower, and
    quick ones cover the same code."""
    if item.get_closest_marker("slow") or "[postgresql" in item.name:
        return False
    return any(item.path.is_relative_to(_ROOT / folder) for folder in _MEASURED)


def pytest_configure(config: pytest.Config) -> None:
    """Start one PostgreSQL server for all workers, before they start."""
    if not _IS_WORKER and config.getoption("numprocesses", None):
        from tests.postgres.shared import start_for_workers

        start_for_workers()


def _load_all() -> None:
    """Load the measured modules, except the page and the migrations, which their users load."""
    for package in ("common", "client", "tracker"):
        for path in sorted((_ROOT / package).rglob("*.py")):
            parts = path.relative_to(_ROOT).with_suffix("").parts
            if not {"web", "migrations"}.intersection(parts):
                import_module(".".join(parts).removesuffix(".__init__"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Load the programs' modules with coverage measured, and the tests' own without."""
    gc.disable()  # what is made here stays
    if _IS_WORKER and Coverage.current():
        missing = [name for name in _MEASURED if not (_ROOT / name).exists()]
        assert not missing, f"tests/conftest.py has to measure what {missing} became"
        _load_all()
    with _unmeasured():
        result = yield
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)  # otherwise, collections take a tenth of the tests' time
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure coverage in some tests."""
    if _is_measured(item):
        return (yield)
    with _unmeasured():
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Save what was measured before the process ends: xdist kills a worker that takes 10 seconds
    to leave, as one does on a busy machine, and all that it measured would be lost."""
    measuring = Coverage.current() if _IS_WORKER else None
    if measuring is not None:
        measuring.stop()
        measuring.save()
