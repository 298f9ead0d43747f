"""Every tab, light and dark, wide and on a phone: no serious violation, no overflow."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.conftest import GROUP
from tests.support.content import make_file
from tests.support.programs.browser import PASSWORD, PHONE, WIDE, Window
from tests.support.programs.processes import ClientProcess
from tests.support.programs.web import link_of

TABS = ("Groups", "Files", "Transfers", "Notices", "Settings")


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")])
def test_no_tab_has_a_serious_accessibility_violation(
    browser: Browser, eve: ClientProcess, size: dict[str, int], scheme: str
) -> None:
    window = Window(browser, link_of(eve), size, scheme)
    window.button("Create").click()
    window.page.get_by_role("alert").get_by_text("Enter a name").wait_for()
    for tab in TABS:
        window.tab(tab)
        window.page.get_by_role("heading", name=tab, level=2).wait_for()
        assert serious_faults(window) == [], tab
        assert width_of_all(window) <= size["width"], tab
    is_dark = window.page.evaluate("document.body.classList.contains('body--dark')")
    assert is_dark == (scheme == "dark")
    window.button("Switch between light and dark").click()
    window.page.wait_for_function(
        f"document.body.classList.contains('body--dark') != {js(is_dark)}"
    )
    window.close()


def test_a_dialog_has_a_name_and_closes_by_key(of_eve: Window) -> None:
    of_eve.tab("Transfers")
    of_eve.button("Details of a file.txt").click()
    of_eve.page.get_by_role("dialog", name="Details").wait_for()
    of_eve.text("1 of 1 pieces").wait_for()
    assert serious_faults(of_eve, "color-contrast") == []
    of_eve.page.keyboard.press("Escape")
    of_eve.page.get_by_role("dialog").wait_for(state="detached")


def test_a_folders_files_and_the_columns_are_chosen_accessibly(
    eve: ClientProcess, of_eve: Window, tmp_path: Path
) -> None:
    for name in ("outer/inner/one.txt", "outer/two.txt"):
        make_file(tmp_path / name, 1000)
    eve.ok("upload_file", str(tmp_path / "outer"), GROUP)
    of_eve.tab("Transfers")
    of_eve.row("outer").wait_for()
    of_eve.button("Columns").click()
    of_eve.page.get_by_role("checkbox", name="Ratio").wait_for()
    assert serious_faults(of_eve) == []
    of_eve.page.keyboard.press("Escape")
    of_eve.tab("Files")
    of_eve.button("Options for outer").click()
    of_eve.button("inner").press("Enter")
    box = of_eve.page.get_by_role("checkbox", name="inner/one.txt")
    box.scroll_into_view_if_needed()  # and stays in its place: the folder has opened
    box.press("Space")
    of_eve.text("1 of 2 files").wait_for()
    assert serious_faults(of_eve, "color-contrast") == []
    of_eve.page.keyboard.press("Escape")
    eve.ok("stop_share", GROUP, "outer")


def test_login_works_by_keyboard_alone(browser: Browser, bob: ClientProcess) -> None:
    bob.run("logout")
    bob.run("create_user", "keys", PASSWORD)
    window = Window(browser, link_of(bob), WIDE, "light")
    window.page.get_by_label("User", exact=True).focus()
    window.page.keyboard.type("keys")
    window.page.keyboard.press("Tab")
    window.page.keyboard.type(PASSWORD)
    window.page.keyboard.press("Enter")
    window.button("Log out").focus()
    window.page.keyboard.press("Enter")
    window.button("Log in").wait_for()
    window.close()


def serious_faults(window: Window, *without: str) -> list[str]:
    """Return the violations that axe rates serious or worse, with their elements.

    `without` are rules that are left out: axe takes the colour behind a dialog, dimmed, for that
    of the dialog's buttons.
    """
    rules = {name: {"enabled": False} for name in without}
    options = {"rules": rules, "resultTypes": ["violations"]}  # the rest is not used
    found = Axe().run(window.page, options=options).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def width_of_all(window: Window) -> int:
    """Return the width of the page without clipping."""
    width: int = window.page.evaluate("document.documentElement.scrollWidth")
    return width


def js(value: bool) -> str:
    return "true" if value else "false"
