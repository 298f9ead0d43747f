"""What a person is just doing in a table outlasts what changes on the page meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import GROUP
from tests.support.browser import Window
from tests.support.processes import ClientProcess


@pytest.fixture
def change(eve: ClientProcess, of_eve: Window, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Has a file appear in the list of those that eve's group shares, which is shown."""
    of_eve.button(f"Files of {GROUP}").click()
    of_eve.row("a file.txt").wait_for()
    later = tmp_path / "b later file.txt"
    later.write_text("content")

    def appear() -> None:
        eve.ok("upload_file", str(later), GROUP)
        of_eve.row(later.name).wait_for()

    yield appear
    eve.ok("stop_share", GROUP, later.name)


@pytest.mark.parametrize("name", ["Options for a file.txt", "choose them"])
def test_a_click_and_the_focus_outlast_it(
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


def test_a_path_that_is_typed_at_once_is_kept(of_eve: Window, tmp_path: Path) -> None:
    """Once a field is seen, the client puts nothing into it: that could come after a key."""
    frames: list[str] = []

    def hear(frame: str | bytes) -> None:
        frames.append(str(frame))

    of_eve.page.on("websocket", lambda socket: socket.on("framereceived", hear))
    of_eve.page.reload()
    of_eve.tab("Files")
    of_eve.button("Choose the folder for downloads").click()
    of_eve.fill("Path", str(tmp_path))
    of_eve.button("Choose").click()
    expect(of_eve.page.get_by_label("Download into")).to_have_value(str(tmp_path))
    put = [frame for frame in frames if "updateValue" in frame]
    assert len(put) <= 1, "nothing but the folder that was chosen, which may come a moment later"


def test_choosing_files_outlasts_it(
    change: Callable[[], None], eve: ClientProcess, of_eve: Window
) -> None:
    with of_eve.page.expect_file_chooser() as opened:
        of_eve.button("choose them").click()
    change()
    opened.value.set_files([{"name": "chosen.txt", "mimeType": "text/plain", "buffer": b"chosen"}])
    of_eve.row("chosen.txt").wait_for()
    eve.ok("stop_share", GROUP, "chosen.txt")
