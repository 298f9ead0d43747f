"""A user's actions in a table survive updates of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import GROUP
from tests.support.programs.browser import Window
from tests.support.programs.processes import ClientProcess, TrackerProcess, stopped
from tests.support.waiting import wait_until


@pytest.fixture
def change(eve: ClientProcess, of_eve: Window, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Adds a file to the displayed list of eve's group."""
    of_eve.button(f"Files of {GROUP}").click()
    of_eve.row("a file.txt").wait_for()
    later = tmp_path / "b later file.txt"
    later.write_text("content")

    def appear() -> None:
        eve.ok("upload_file", str(later), GROUP)
        of_eve.row(later.name).wait_for()

    yield appear
    eve.ok("stop_share", GROUP, later.name)


@pytest.mark.parametrize("name", ["Options for a file.txt", "choose files"])
def test_clicks_and_focus_survive_updates(
    change: Callable[[], None], of_eve: Window, name: str
) -> None:
    button = of_eve.button(name)
    button.evaluate("button => button.addEventListener('click', () => { window.clicked = true })")
    button.hover()
    of_eve.page.mouse.down()
    change()
    expect(button).to_be_focused()
    of_eve.page.mouse.up()
    assert of_eve.page.evaluate("window.clicked")


def test_typed_text_survives_a_late_field_update(of_eve: Window, tmp_path: Path) -> None:
    """A late update of the field by the client does not undo it."""
    (tmp_path / "inner").mkdir()
    of_eve.tab("Files")
    of_eve.fill("Download into", str(tmp_path))
    of_eve.page.evaluate(
        """() => {
            const [run] = socket.listeners("run_javascript");
            window.held = [];
            socket.off("run_javascript", run);
            socket.on("run_javascript", ({ _id, ...message }) => held.push(() => run(message)));
        }"""
    )
    of_eve.button("Choose the folder for downloads").click()
    dialog = of_eve.page.get_by_role("dialog")
    dialog.get_by_text("inner").click()
    dialog.get_by_text("This folder is empty").wait_for()
    path = dialog.get_by_label("Path", exact=True)
    expect(path).to_have_value(str(tmp_path / "inner"))
    path.fill("/typed")
    of_eve.page.evaluate("Promise.all(held.map(run => run()))")
    expect(path).to_have_value("/typed")
    of_eve.button("Choose").click()
    expect(of_eve.page.get_by_label("Download into")).to_have_value("/typed")


def test_row_buttons_act_on_the_group_they_were_listed_for(
    eve: ClientProcess, of_eve: Window, tracker: TrackerProcess, tmp_path: Path
) -> None:
    """While another group's list is loading, the buttons belong to the first group."""
    for group in ("first", "second"):
        eve.ok("create_group", group)
        (tmp_path / group).mkdir()
        (tmp_path / group / "same name.txt").write_text(group)
        eve.ok("upload_file", str(tmp_path / group / "same name.txt"), group)
    of_eve.button("Files of second").wait_for()
    of_eve.button("Files of first").click()
    of_eve.row("same name.txt").wait_for()
    with stopped(tracker.pid):
        of_eve.page.get_by_role("combobox", name="Group").click()
        of_eve.page.get_by_role("option", name="second").click()
        of_eve.button("Stop sharing same name.txt").click()
        of_eve.page.get_by_role("dialog").get_by_role("button", name="Stop sharing").click()
    wait_until(lambda: groups_shared_with(eve) == {GROUP, "second"}, what="the share to end")
    for group in ("first", "second"):
        eve.ok("leave_group", group)


def groups_shared_with(client: ClientProcess) -> set[str]:
    return {row["group"] for row in client.ok("show_shares")["shares"]}


def test_a_file_selection_survives_updates(
    change: Callable[[], None], eve: ClientProcess, of_eve: Window
) -> None:
    with of_eve.page.expect_file_chooser() as opened:
        of_eve.button("choose files").click()
    change()
    opened.value.set_files(FilePayload(name="chosen.txt", mimeType="text/plain", buffer=b"chosen"))
    of_eve.row("chosen.txt").wait_for()
    eve.ok("stop_share", GROUP, "chosen.txt")


def test_an_update_does_not_set_the_colour_scheme_again(
    change: Callable[[], None], of_eve: Window
) -> None:
    """The browser would compute the style of every element, and thousands of updates stall it."""
    of_eve.page.evaluate(
        """() => {
            window.schemes = 0;
            const scheme = document.getElementById("nicegui-color-scheme");
            new MutationObserver(() => { window.schemes++; }).observe(scheme, {attributes: true});
        }"""
    )
    change()
    assert of_eve.page.evaluate("window.schemes") == 0
