"""Two people's whole work, done on the page alone."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import FilePayload, expect

from tests.support.content import make_file, sha256
from tests.support.programs.browser import Window
from tests.support.waiting import wait_until

SIZE = 3_000_000
SLY = "<img src=x onerror=alert(1)>.txt"


def test_two_people_share_files(of_ann: Window, of_bob: Window, tmp_path: Path) -> None:
    found = meet(of_ann, of_bob, "lab")
    film = make_file(tmp_path / "film one.bin", SIZE)
    of_ann.button("Files of lab").click()
    of_ann.fill("Path of a file or folder to share", str(film))
    of_ann.button("Share").click()
    of_ann.row("film one.bin").wait_for()

    of_bob.button("Files of lab").click()
    of_bob.row("film one.bin").wait_for()
    of_bob.download("film one.bin", tmp_path / "bobs")
    assert sha256(tmp_path / "bobs" / "film one.bin") == sha256(film)
    assert found
    work_on_a_transfer(of_bob)
    fetch_a_part(of_ann, of_bob, tmp_path)
    drop_a_file(of_ann, of_bob, tmp_path)
    of_ann.tab("Groups")
    look_after_the_group(of_ann, of_bob, tmp_path)
    end_membership(of_ann, of_bob)


def meet(of_ann: Window, of_bob: Window, group: str) -> bool:
    """Create both accounts and ann's group; bob asks to join, ann accepts with one click."""
    of_ann.sign_up("ann")
    of_bob.sign_up("bob")
    of_ann.fill("New group", group)
    of_ann.button("Create").click()
    of_ann.text(f"Members of {group}").wait_for()
    of_bob.button(f"Ask to join {group}").click()
    of_ann.button("Accept bob").click()
    of_ann.button("Remove bob").wait_for()
    return True


def work_on_a_transfer(window: Window) -> None:
    """Pause, resume, inspect and recheck a transfer."""
    row = window.row("film one.bin")
    window.button("Pause film one.bin").click()
    row.get_by_text("paused").wait_for()
    window.button("Resume film one.bin").click()
    row.get_by_text("seeding").wait_for()
    window.button("Check again film one.bin").click()
    row.get_by_text("seeding").wait_for()
    window.button("Details of film one.bin").click()
    window.text("pieces complete").wait_for()
    window.page.locator("svg.pieces rect.here").first.wait_for()
    window.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    window.tab("Notices")
    window.text("is complete").wait_for()


def fetch_a_part(of_ann: Window, of_bob: Window, folder: Path) -> None:
    """Download some files of ann's folder as bob, in order."""
    for name in ("inner/one.txt", "inner/two.txt", "three.bin"):
        make_file(folder / "set" / name, 50_000)
    of_ann.fill("Path of a file or folder to share", str(folder / "set"))
    of_ann.button("Share").click()
    of_ann.button("Options for set").wait_for()
    of_bob.tab("Files")
    of_bob.button("Options for set").click()
    dialog = of_bob.page.get_by_role("dialog")
    dialog.get_by_text("3 of 3 files").wait_for()
    of_bob.page.get_by_role("checkbox", name="three.bin").click()
    dialog.get_by_text("2 of 3 files").wait_for()
    of_bob.fill("Only files that match", "*.bin")
    dialog.get_by_text("1 of 3 files").wait_for()
    of_bob.fill("Only files that match", "inner")
    dialog.get_by_text("2 of 3 files").wait_for()
    of_bob.button("inner").click()
    of_bob.page.get_by_label("Priority of two.txt").select_option("high")
    of_bob.page.get_by_role("checkbox", name="from first to last piece").click()
    of_bob.button("Download").click()
    of_bob.row("set").get_by_text("seeding").wait_for()
    got = folder / "bobs" / "set"
    assert {path.name for path in (got / "inner").iterdir()} >= {"one.txt", "two.txt"}
    assert not (got / "three.bin").exists()
    add_a_file(of_bob)
    assert (got / "three.bin").read_bytes() == (folder / "set" / "three.bin").read_bytes()


def add_a_file(of_bob: Window) -> None:
    """Add a file to the part of a folder that is here, in the transfer's details."""
    of_bob.button("Details of set").click()
    dialog = of_bob.page.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox", name="inner")).to_be_disabled()
    dialog.get_by_role("checkbox", name="three.bin").click()
    dialog.get_by_role("button", name="Apply").click()
    of_bob.text("Your choice of files is applied").wait_for()
    dialog.get_by_text("3 of 3 files").wait_for()
    expect(dialog.get_by_role("row", name="three.bin")).to_contain_text("100%")
    dialog.get_by_role("button", name="Close").click()


def drop_a_file(of_ann: Window, of_bob: Window, folder: Path) -> None:
    """Drop a file; its name is never interpreted as HTML."""
    of_ann.page.set_input_files(
        "input[type=file]", FilePayload(name=SLY, mimeType="text/plain", buffer=b"dropped")
    )
    of_ann.row(SLY).wait_for()
    of_ann.button(f"Options for {SLY}").click()
    of_ann.button("Copy magnet link").click()
    link = of_ann.page.get_by_label("Magnet link", exact=True)
    expect(link).to_have_value(re.compile("^magnet:"))
    of_bob.tab("Files")
    of_bob.button("Add magnet or .torrent").click()
    of_bob.fill("Magnet link, or path of a .torrent file", link.input_value())
    of_bob.button("Download").click()
    of_bob.row(SLY).get_by_text("seeding").wait_for()
    of_ann.button("Close").click()
    got = folder / "bobs" / SLY
    wait_until(got.exists, what="the dropped file")
    assert got.read_bytes() == b"dropped"
    assert of_bob.page.locator("img[src=x]").count() == 0


def look_after_the_group(of_ann: Window, of_bob: Window, folder: Path) -> None:
    """View the audit, export ann's credentials, and transfer the group for a while."""
    of_ann.button("Activity in this group").click()
    dialog = of_ann.page.get_by_role("dialog")
    dialog.get_by_role("row").filter(has_text="bob").first.wait_for()
    dialog.get_by_role("button", name="Close").click()
    of_ann.button("Export credentials").click()
    of_ann.fill("Path", str(folder))
    of_ann.button("Choose").click()
    of_ann.text("Wrote ").wait_for()
    assert list(folder.glob("*.pem"))
    of_bob.tab("Groups")
    for giver, taker in ((of_ann, "bob"), (of_bob, "ann")):
        giver.button(f"Make owner: {taker}").click()
        giver.button("Make owner").click()
        giver.row(taker).get_by_text("owner").wait_for()


def end_membership(of_ann: Window, of_bob: Window) -> None:
    """Make bob a reader, and an admin again, then remove him."""
    for role in ("Reader", "Admin"):
        of_ann.button("Change role: bob").click()
        of_ann.page.get_by_role("radio", name=f"{role}:").click()
        of_ann.button("Save").click()
        of_ann.row("bob").get_by_text(role.lower()).wait_for()
    of_ann.button("Remove bob").click()
    of_ann.button("Remove").click()
    of_ann.button("Remove bob").wait_for(state="detached")
    of_bob.tab("Groups")
    of_bob.button("Ask to join lab").wait_for()
    of_bob.button("Log out").click()
    of_bob.button("Log in").wait_for()
