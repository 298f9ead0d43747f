"""The list of transfers: filters, selection of many, and the columns."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import GROUP
from tests.support.programs.browser import Window
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until

NAMES = ("many 1.txt", "many 2.txt")


@pytest.fixture
def shares(eve: ClientProcess, of_eve: Window, tmp_path: Path) -> Iterator[None]:
    """Two more shares of eve's, with her list of transfers open."""
    for name in NAMES:
        (tmp_path / name).write_text(name)
        eve.ok("upload_file", str(tmp_path / name), GROUP)
    of_eve.tab("Transfers")
    of_eve.row(NAMES[1]).wait_for()
    yield
    for row in eve.ok("show_shares")["shares"]:
        if row["name"] in NAMES:
            eve.ok("stop_share", GROUP, row["name"])


@pytest.mark.usefixtures("shares")
def test_many_are_paused_filtered_and_stopped_at_once(eve: ClientProcess, of_eve: Window) -> None:
    page = of_eve.page
    expect(of_eve.button("Stop selected")).to_be_disabled()
    for name in NAMES:
        page.get_by_role("checkbox", name=f"Select {name}").click()
    of_eve.text("2 selected").wait_for()
    of_eve.button("Pause selected").click()
    of_eve.button("Paused 2").click()
    expect(of_eve.button("Paused 2")).to_have_attribute("aria-pressed", "true")
    of_eve.row("a file.txt").wait_for(state="detached")
    expect(page.locator("tbody tr", has_text="paused")).to_have_count(2)
    of_eve.button("Resume selected").click()
    of_eve.button("Paused 0").wait_for()

    of_eve.button("All 3").click()
    of_eve.fill("Search", "many")
    of_eve.row("a file.txt").wait_for(state="detached")
    select_all = page.get_by_role("checkbox", name="Select all")
    for number, all_before in ((0, "true"), (2, "false")):
        expect(select_all).to_have_attribute("aria-checked", all_before)
        select_all.click()
        of_eve.text(f"{number} selected").wait_for()
    of_eve.button("Stop selected").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    wait_until(lambda: len(eve.ok("show_shares")["shares"]) == 1, what="the shares to end")
    of_eve.text("0 selected").wait_for()


def test_columns_are_chosen_and_remembered(of_eve: Window) -> None:
    def heading(name: str, count: int = 1) -> None:
        expect(of_eve.page.get_by_role("columnheader", name=name)).to_have_count(count)

    of_eve.tab("Transfers")
    heading("Peers")
    of_eve.button("Columns").click()
    of_eve.page.get_by_role("checkbox", name="Ratio").click()
    of_eve.page.get_by_role("checkbox", name="Peers").click()
    heading("Ratio")
    heading("Peers", 0)
    of_eve.page.reload()
    of_eve.tab("Transfers")
    heading("Ratio")
    heading("Peers", 0)
    of_eve.page.get_by_role("columnheader", name="Name").press("Enter")
    sorted_by_name = of_eve.page.get_by_role("columnheader", name="Name")
    expect(sorted_by_name).to_have_attribute("aria-sort", "ascending")
    of_eve.complaints.clear()  # a reload is refused once, until the page has sent its token


def test_many_files_are_downloaded_with_one_question(
    eve: ClientProcess, ann: ClientProcess, of_eve: Window, tmp_path: Path
) -> None:
    """Of those that are selected, only what isn't here already; none of them twice."""
    ann.run("logout")
    ann.sign_in("giver")
    ann.join(GROUP, eve)
    for name in NAMES:
        (tmp_path / name).write_bytes(os.urandom(400_000))
        ann.ok("upload_file", str(tmp_path / name), GROUP)
    eve.ok("limit", "down", "10K")  # a busy machine needs time to look
    of_eve.button(f"Files of {GROUP}").click()
    of_eve.row(NAMES[1]).wait_for()
    of_eve.page.get_by_role("checkbox", name="Select all").click()
    of_eve.button("Download selected").click()
    of_eve.fill("Path", str(tmp_path / "got"))
    of_eve.button("Choose").click()
    of_eve.button("Downloading 2").wait_for()
    of_eve.tab("Files")
    of_eve.row(NAMES[0]).get_by_text(re.compile(r"Downloading \d+ %")).wait_for()
    assert of_eve.button(f"Download {NAMES[0]}").count() == 0
    eve.ok("limit", "down", "0")
    for name in NAMES:
        of_eve.button(f"Stop sharing {name}").wait_for()
        assert (tmp_path / "got" / name).read_bytes() == (tmp_path / name).read_bytes()
        eve.ok("stop_share", GROUP, name)
    ann.ok("leave_group", GROUP)
    ann.ok("logout")
