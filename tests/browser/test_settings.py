"""Limits, the password, folders and other settings."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import GROUP
from tests.support.programs.browser import PASSWORD, Window, asleep
from tests.support.programs.processes import ClientProcess

A_NAP = 12.0
"""Seconds after which NiceGUI abandons a page by default."""


def test_limits_are_set_and_shown(eve: ClientProcess, of_eve: Window) -> None:
    of_eve.tab("Settings")
    of_eve.fill("Upload limit", "500K")
    of_eve.button("Set the upload limit").click()
    of_eve.page.get_by_text(re.compile(r"Current: down no limit, up \d")).wait_for()
    limits = eve.ok("limit")["limits"]
    assert limits[0]["up"] > 0
    of_eve.fill("Upload limit", "0")
    of_eve.button("Set the upload limit").click()
    of_eve.text("Current: down no limit, up no limit.").wait_for()

    of_eve.tab("Transfers")
    of_eve.button("Details of a file.txt").click()
    dialog = of_eve.page.get_by_role("dialog")
    dialog.get_by_label("Download limit", exact=True).fill("much")
    dialog.get_by_role("button", name="Set the download limit").click()
    of_eve.page.get_by_role("alert").get_by_role("button", name="Close").first.click()
    dialog.get_by_label("Download limit", exact=True).fill("2M")
    dialog.get_by_role("button", name="Set the download limit").click()
    dialog.get_by_text(re.compile(r"Current: down [12]\.\d+ MiB/s, up no limit")).wait_for()
    eve.ok("limit", "down", "0", GROUP, "a file.txt")


def test_the_health_tab_shows_the_checks(of_eve: Window) -> None:
    of_eve.tab("Settings")
    of_eve.button("Run checks").click()
    checks = of_eve.page.get_by_role("list", name="Checks").get_by_role("listitem")
    checks.filter(has_text="clock").wait_for()


def test_a_moved_file_is_relocated(eve: ClientProcess, of_eve: Window, tmp_path: Path) -> None:
    place = tmp_path / "before" / "to be moved.txt"
    place.parent.mkdir()
    place.write_text("moved content")
    eve.ok("upload_file", str(place), GROUP)
    moved = place.rename(tmp_path / "after.txt")
    of_eve.tab("Transfers")
    of_eve.button("Details of to be moved.txt").click()
    of_eve.button("Why isn’t it moving?").click()
    of_eve.page.get_by_role("alert").get_by_role("button", name="Close").first.click()
    of_eve.button("Relocate").click()
    of_eve.fill("Path", str(tmp_path))
    of_eve.button("Choose").click()
    of_eve.text("it is shared from there now").wait_for()
    shares = {row["name"]: row["path"] for row in eve.ok("show_shares")["shares"]}
    assert shares["to be moved.txt"] == str(moved)
    eve.ok("stop_share", GROUP, "to be moved.txt")


def test_a_page_keeps_its_state_after_sleeping(of_eve: Window) -> None:
    of_eve.tab("Transfers")
    of_eve.button("Details of a file.txt").click()
    rate = of_eve.page.get_by_role("dialog").get_by_label("Download limit", exact=True)
    rate.fill("typed before")
    with asleep():
        time.sleep(A_NAP)
    of_eve.button("Set the download limit").click()
    of_eve.text("'typed before' is not a rate").wait_for()


def test_a_wrong_password_is_reported_and_the_right_one_changed(of_eve: Window) -> None:
    of_eve.tab("Settings")
    of_eve.fill("Old password", "wrong password")
    of_eve.fill("New password", PASSWORD)
    of_eve.fill("Repeat the password", PASSWORD)
    of_eve.button("Change").click()
    of_eve.page.get_by_role("alert").get_by_role("button", name="Close").click()
    of_eve.fill("Old password", PASSWORD)
    of_eve.button("Change").click()
    of_eve.text("Password changed").wait_for()


def test_folders_are_chosen_in_a_dialog(of_eve: Window, tmp_path: Path) -> None:
    (tmp_path / "inner" / "deep").mkdir(parents=True)
    (tmp_path / "inner" / "a file").touch()
    of_eve.tab("Files")
    of_eve.fill("Download into", str(tmp_path / "inner" / "not there"))
    of_eve.button("Choose the folder for downloads").click()
    dialog = of_eve.page.get_by_role("dialog")
    dialog.get_by_text("deep").click()
    path = dialog.get_by_label("Path", exact=True)
    expect(path).to_have_value(str(tmp_path / "inner" / "deep"))
    dialog.get_by_role("button", name="Go to the parent folder").click()
    dialog.get_by_text("deep").wait_for()
    path.fill("/not/there")
    path.press("Enter")
    dialog.get_by_text("No such file or directory").wait_for()
    path.fill(str(tmp_path / "inner"))
    path.press("Enter")
    dialog.get_by_text("No such file or directory").wait_for(state="detached")
    dialog.get_by_role("button", name="Choose").click()
    dialog.wait_for(state="detached")
    assert of_eve.page.get_by_label("Download into").input_value() == str(tmp_path / "inner")

    of_eve.fill("Path of a file or folder to share", "")
    of_eve.button("Choose a file or folder").click()
    of_eve.button("Cancel").click()
    of_eve.button("Stop sharing a file.txt").click()
    of_eve.button("Cancel").click()
    of_eve.row("a file.txt").wait_for()


def test_leaving_a_group(eve: ClientProcess, of_eve: Window) -> None:
    eve.ok("create_group", "short")
    of_eve.button("Members of short").click()
    of_eve.text("Members of short").wait_for()
    of_eve.button("Leave this group").click()
    of_eve.button("Leave").click()
    of_eve.button("Members of short").wait_for(state="detached")
    assert "short" not in {row["group"] for row in eve.ok("list_groups")["groups"]}
