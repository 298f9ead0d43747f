"""The prompt, the toolbar, and the lines of progress."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.results.overview import Overview
from client.results.transfers import DownloadRow, TransferState
from client.shell.progress import hashing_line, waiting_line
from client.shell.terminal.screen import Screen
from client.shell.terminal.widths import cell_width
from client.shell.toolbar import prompt_text, toolbar_lines
from tests.support.fakes.services.rows import download

SCREEN = Screen(width=80)


def overview(**changes: Any) -> Overview:
    values: dict[str, Any] = {
        "user": "ann",
        "group": "lab",
        "tracker": "connected",
        "down_rate": 1 << 20,
        "up_rate": 0.0,
        "downloads": [],
        "seeding": 3,
        "pending_requests": 0,
    }
    return Overview.model_validate({**values, **changes})


@pytest.mark.parametrize(
    ("user", "group", "text"),
    [(None, None, "minitorrent> "), ("ann", None, "ann> "), ("ann", "lab", "ann@lab> ")],
)
def test_the_prompt_names_user_and_group(user: str | None, group: str | None, text: str) -> None:
    assert prompt_text(overview(user=user, group=group)) == text


def test_the_toolbar_shows_the_state() -> None:
    assert toolbar_lines(overview(), SCREEN) == [
        " tracker connected · ↓ 1.0 MiB/s · ↑ 0 B/s · seeding 3"
    ]
    assert toolbar_lines(overview(pending_requests=2), Screen(width=80, unicode=False)) == [
        " tracker connected | down 1.0 MiB/s | up 0 B/s | seeding 3 | 2 requests"
    ]
    assert toolbar_lines(
        overview(user=None, tracker="unreachable", pending_requests=1), SCREEN
    ) == [" tracker unreachable"]


def test_up_to_three_running_transfers_are_shown() -> None:
    rows = [download(str(number)) for number in range(5)]
    rows += [download("done", state=TransferState.SEEDING)]
    lines = toolbar_lines(overview(downloads=rows), SCREEN)
    assert lines[0] == (
        " lab/0                      ███████░░░░░░░░░  45.0% 12.5 MiB/s  1 min 34 s left "
    )
    assert [line[5] for line in lines[:-1]] == ["0", "1", "2"]
    assert lines[-1].endswith("2 more running")


def test_a_transfer_without_an_estimate_shows_its_state() -> None:
    row = download(state=TransferState.CHECKING, eta=None)
    assert toolbar_lines(overview(downloads=[row]), SCREEN)[0].rstrip().endswith("checking")


@given(
    st.lists(st.text(max_size=90), max_size=4),
    st.integers(1, 100),
    st.booleans(),
    st.floats(0, 1e16),
)
def test_the_toolbar_fits_the_width(
    names: list[str], requests: int, unicode: bool, rate: float
) -> None:
    rows = [download(name, eta=1e9, down_rate=rate) for name in names]
    state = overview(downloads=rows, pending_requests=requests, up_rate=rate, down_rate=rate)
    for line in toolbar_lines(state, Screen(width=80, unicode=unicode)):
        assert cell_width(line) <= 80
        assert unicode or line.isascii() or any(not name.isascii() for name in names)


def test_hashing() -> None:
    assert hashing_line(512, 1024, 2048.0, SCREEN) == (
        "hashing ████████████░░░░░░░░░░░░ 50.0% of 1.0 KiB  2.0 KiB/s"
    )
    assert "100%" in hashing_line(0, 0, 0.0, Screen(unicode=False))


def wait_for(*rows: DownloadRow) -> str:
    return waiting_line(overview(downloads=list(rows)), SCREEN)


def test_wait_summarises_running_transfers() -> None:
    done = download("done", state=TransferState.SEEDING)
    assert wait_for(done) == ""
    assert wait_for(download(), done) == (
        "██████████░░░░░░░░░░░░░░ 1 download 45.0%  1.0 MiB/s  1 min 34 s left"
    )
    assert wait_for(download(), download("b", eta=200.0)).endswith(
        "2 downloads 45.0%  1.0 MiB/s  3 min 20 s left"
    )
    assert wait_for(download(), download("b", eta=None)).endswith("1.0 MiB/s")
    assert "0.0%" in wait_for(download(size=0, done=0))
