"""Chromium, driven by Playwright, on the pages of real clients.

Tests that need it are skipped where there is none; with CI set that is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, sync_playwright

from tests.support.needs import require
from tests.support.programs.processes import stopped

CHROMIUM = "/usr/bin/chromium"
PATIENCE = 20_000
"""Milliseconds that a test waits for an element."""

PASSWORD = "secret123"
PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 800}
_NO_PAGE = "about:blank"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser without windows."""
    require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def asleep() -> Iterator[None]:
    """Stop this process's browser inside the block, as when a laptop is closed."""
    pids = [pid for pid in _descendants(os.getpid()) if _name(pid).startswith("chrom")]
    assert pids, "no browser runs"
    with stopped(*pids):
        yield


def _descendants(pid: int) -> Iterator[int]:
    with suppress(FileNotFoundError, ProcessLookupError):  # it, or a thread of it, may end
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, children.read_text().split()):
                yield child
                yield from _descendants(child)


def _name(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/comm").read_text()
    return ""


class Window:
    """One window on a client's page, used as a person would, by labels."""

    def __init__(
        self,
        browser: Browser,
        link: str,
        size: dict[str, int],
        scheme: str,
        locale: str = "en-US",
    ) -> None:
        self.link = link
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            locale=locale,
        )
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("request", self._watch)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(link)

    def close(self) -> None:
        """Close it; checks that it contacted no other machine and had no error."""
        self.page.context.close()
        self._check()

    def leave(self) -> None:
        """Check as `close` does, and forget everything but the programs that the page loads.

        To open the page again takes half the time of a new window.
        """
        self.page.goto(_NO_PAGE)
        context = self.page.context
        context.clear_cookies()
        storage = context.new_cdp_session(self.page)
        storage.send("Storage.clearDataForOrigin", {"origin": self._origin, "storageTypes": "all"})
        storage.detach()
        self._check()

    def open(self) -> None:
        """Open the page again, if it was left."""
        if self.page.url == _NO_PAGE:
            self.page.goto(self.link)

    @property
    def _origin(self) -> str:
        return self.link[: self.link.index("/", 7)]

    def _check(self) -> None:
        foreign, complaints = self.foreign, self.complaints
        self.foreign, self.complaints = [], []
        assert not foreign, f"asked elsewhere: {foreign}"
        assert not complaints, complaints

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self._origin, "data:", "blob:")):
            self.foreign.append(request.url)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def button(self, name: str) -> Locator:
        """Return a button by its whole name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def text(self, text: str) -> Locator:
        """Return the element with this text."""
        return self.page.get_by_text(text).first

    def row(self, name: str) -> Locator:
        """Return the table row that contains this."""
        return self.page.locator("tbody tr", has_text=name)

    def tab(self, name: str) -> None:
        """Go to a tab."""
        self.page.get_by_role("tab", name=name).click()

    def fill(self, label: str, value: str) -> None:
        """Type into the input of this name."""
        self.page.get_by_label(label, exact=True).first.fill(value)

    def sign_up(self, user: str) -> None:
        """Create an account, which logs in."""
        self.button("New account").click()
        self.fill("User", user)
        self.fill("Password", PASSWORD)
        self.fill("Repeat the password", PASSWORD)
        self.button("Create account").click()
        self.button("Log out").wait_for()

    def download(self, name: str, folder: Path) -> None:
        """Download a file of the displayed group into a folder."""
        self.fill("Download into", str(folder))
        self.button(f"Download {name}").click()
        self.row(name).get_by_text("seeding").wait_for()
