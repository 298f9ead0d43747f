"""What the page offers to members with other BitTorrent clients."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import GROUP
from tests.contract.sharing import info_hash
from tests.support.programs.browser import Window
from tests.support.programs.processes import ClientProcess
from tests.support.torrents import write_torrent
from tests.support.waiting import wait_until


def test_a_torrent_is_published_and_saved(
    of_eve: Window, eve: ClientProcess, tmp_path: Path
) -> None:
    (tmp_path / "film.mkv").write_bytes(b"a film" * 20_000)
    original = tmp_path / "film.torrent"
    write_torrent(tmp_path / "film.mkv", original, announce="http://other.example/announce")
    of_eve.tab("Files")
    of_eve.row("a file.txt").wait_for()
    of_eve.button("Publish a .torrent").click()
    of_eve.fill("Path of a .torrent file", str(original))
    of_eve.page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    of_eve.row("film.mkv").wait_for()
    written = tmp_path / f"film.{GROUP}.torrent"
    of_eve.text(f"seed it with {written}").wait_for()

    of_eve.button("Options for film.mkv").click()
    of_eve.button("Save .torrent").click()
    saved = tmp_path / "saved"
    saved.mkdir()
    of_eve.fill("Path", str(saved))
    of_eve.button("Choose").click()
    wait_until((saved / "film.mkv.torrent").exists, what="the metainfo to be saved")
    assert info_hash(saved / "film.mkv.torrent") == info_hash(written)
    of_eve.button("Close").click()
    eve.ok("remove_file", GROUP, "film.mkv")


def test_the_announce_address_is_shown_and_replaced(of_eve: Window, eve: ClientProcess) -> None:
    of_eve.tab("Groups")
    of_eve.button("Announce address").click()
    shown = of_eve.page.get_by_label("Announce address", exact=True).and_(
        of_eve.page.locator("input")
    )
    expect(shown).to_have_value(re.compile("^http://.*/announce/"))
    first = shown.input_value()
    assert first == eve.ok("announce_key", GROUP)["announce"]
    of_eve.button("Replace").click()
    of_eve.page.get_by_role("dialog", name="Replace this address").get_by_role(
        "button", name="Replace"
    ).click()
    expect(shown).not_to_have_value(first)
    assert shown.input_value() == eve.ok("announce_key", GROUP)["announce"]
    of_eve.button("Close").click()
