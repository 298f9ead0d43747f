"""Three clients with a page each, and a browser.

ann and bob have no account yet; eve is logged in and shares `a file.txt` with her group.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.programs.browser import WIDE, Window, chromium
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.programs.web import link_of

WEB = ("--web", "127.0.0.1:0")
GROUP = "eves"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="package")
def tracker(folder: Path) -> Iterator[TrackerProcess]:
    with TrackerProcess(folder / "tracker") as process:
        yield process


@pytest.fixture(scope="package")
def ann(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    with ClientProcess(folder / "ann", [tracker], *WEB) as process:
        yield process


@pytest.fixture(scope="package")
def bob(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    with ClientProcess(folder / "bob", [tracker], *WEB) as process:
        yield process


@pytest.fixture(scope="package")
def eve(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    with ClientProcess(folder / "eve", [tracker], *WEB) as process:
        process.sign_in("eve")
        process.ok("create_group", GROUP)
        (folder / "a file.txt").write_text("content")
        process.ok("upload_file", str(folder / "a file.txt"), GROUP)
        yield process


@pytest.fixture(scope="package")
def window(browser: Browser, eve: ClientProcess) -> Iterator[Window]:
    """A window for eve's page, which is open only in tests with `of_eve`."""
    window = Window(browser, link_of(eve), WIDE, "light")
    yield window
    window.close()


@pytest.fixture
def of_eve(window: Window) -> Iterator[Window]:
    """Eve's page, as it is in a new window."""
    window.open()
    yield window
    window.leave()


@pytest.fixture
def of_ann(browser: Browser, ann: ClientProcess) -> Iterator[Window]:
    """Open a new window on ann's page."""
    window = Window(browser, link_of(ann), WIDE, "light")
    yield window
    window.close()


@pytest.fixture
def of_bob(browser: Browser, bob: ClientProcess) -> Iterator[Window]:
    """Open a new window on bob's page."""
    window = Window(browser, link_of(bob), WIDE, "light")
    yield window
    window.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the windows' contents to the report of a failed test."""
    report = yield
    if report.failed and call.when == "call" and isinstance(item, pytest.Function):
        for name, window in item.funcargs.items():
            if isinstance(window, Window):
                report.sections.append((f"what {name} showed", window.page.inner_text("body")))
    return report
