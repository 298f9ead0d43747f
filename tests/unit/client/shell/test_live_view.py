"""An answer that is redrawn in place, cut to the screen."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from client.results.transfers import DownloadsResult
from client.shell.live_view import frame_text
from client.shell.terminal.screen import Screen
from client.shell.terminal.widths import cell_width
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.rows import download


def lines(count: int, *, rows: int = 24, columns: int = 80) -> list[str]:
    result = DownloadsResult(downloads=[download(f"{number}.mkv") for number in range(count)])
    return frame_text(lambda: result, Screen(width=columns), rows).split("\n")


@pytest.mark.parametrize("columns", [80, 120])
def test_a_frame_is_the_answer_and_how_to_end_it(columns: int) -> None:
    frame = lines(2, columns=columns)
    assert [line[:15] for line in frame[:2]] == ["[D] lab 0.mkv  ", "[D] lab 1.mkv  "]
    assert frame[2:] == ["Redrawn every second; Ctrl-C or q returns to the prompt"]
    assert all(cell_width(line) <= columns for line in frame)


@pytest.mark.parametrize(("rows", "shown"), [(24, 21), (10, 7), (3, 0), (1, 0)])
def test_of_many_lines_the_first_fit_and_the_rest_is_counted(rows: int, shown: int) -> None:
    frame = lines(30, rows=rows)
    assert frame[:-2] == lines(30, rows=99)[:shown]
    assert frame[-2] == f"and {30 - shown} more lines"
    assert len(frame) == max(2, rows - 1)


def test_a_list_that_just_fits_is_not_cut() -> None:
    assert len(lines(22)) == 23
    assert not any("more lines" in line for line in lines(22))


def test_an_error_is_shown_and_the_view_goes_on() -> None:
    def read() -> BaseModel:
        raise MinitorrentError(ErrorCode.NOT_LOGGED_IN, "Log in\x1b[31m first.")

    assert frame_text(read, Screen(width=80), 24).split("\n")[0].startswith("Log in")
    assert "\x1b" not in frame_text(read, Screen(width=80), 24)
