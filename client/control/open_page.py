"""Opens the page of the client that runs on a data folder in the user's browser."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from client.control.running_client import RunningClient
from common.errors import ErrorCode, MinitorrentError


def open_page(folder: Path) -> None:
    """Open the page, or print its link where no browser can be started.

    Raises MinitorrentError if no client runs on the folder, or it can't serve a page.
    """
    running = RunningClient.on(folder)
    if running is None:
        raise MinitorrentError(
            ErrorCode.FILE_NOT_FOUND, f"No client is running on {folder}; start one first."
        )
    with running:
        page = running.open_page()
    if not (has_display() and _open(page.opening_link)):
        sys.stdout.write(f"{page.link}\n")


def has_display() -> bool:
    """Return whether windows can be opened; a browser in the terminal can't show the page."""
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(link: str) -> bool:
    import webbrowser

    try:
        return webbrowser.open(link)
    except webbrowser.Error:
        return False
