"""How the end of a download is counted and told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from client.engine.completions import Completions
from common.errors import ErrorCode, MinitorrentError

MIB = 1 << 20


class Account:
    """Takes what the user is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def tell(self, kind: str, text: str, _: str | None = None) -> None:
        self.told.append((kind, text))


def ended(
    *,
    complete: bool = True,
    is_upload: bool = False,
    error: MinitorrentError | None = None,
    size: int = 300 * MIB,
    fetched: int = 300 * MIB,
    title: str = "lab/film",
) -> Any:
    """A transfer that has ended after 14.5 s."""
    return SimpleNamespace(
        record=SimpleNamespace(complete=complete, is_upload=is_upload, group="lab"),
        title=title,
        error=error,
        waits_for_space=False,
        started_at=0.0,
        ended_at=14.5,
        size=size,
        fetched=fetched,
        sources=2,
        path="/data/film",
    )


FULL = MinitorrentError(ErrorCode.DISK_FULL, "The disk is full.")


def test_a_full_disk_that_got_room_is_no_failure_in_the_end() -> None:
    completions = Completions(Account())  # type: ignore[arg-type]
    completions.add(ended(complete=False, error=FULL))
    completions.add(ended())
    completions.add(ended(title="lab/other", complete=False, error=FULL))
    result = completions.take()
    assert (result.completed, result.failed) == (["lab/film"], ["lab/other"])
    result = completions.take()
    assert (result.completed, result.failed) == ([], [])


def test_uploads_and_shares_that_fail_are_no_downloads() -> None:
    completions = Completions(Account())  # type: ignore[arg-type]
    completions.add(ended(is_upload=True, error=FULL))
    completions.add(ended(error=FULL))
    result = completions.take()
    assert (result.completed, result.failed) == ([], [])


@pytest.mark.parametrize(
    ("size", "fetched", "sentence"),
    [
        (300 * MIB, 301 * MIB, "300 MiB in 14.5 s, 20.8 MiB/s from 2 peers, at /data/film"),
        (
            300 * MIB,
            43 * MIB,
            "300 MiB, of which 43.0 MiB in 14.5 s (3.0 MiB/s) from 2 peers, at /data/film",
        ),
        (300 * MIB, 0, "300 MiB, all of which was here, at /data/film"),
        (0, 0, "0 B in 14.5 s, 0 B/s from 2 peers, at /data/film"),
    ],
)
def test_the_rate_is_that_of_what_came_in_this_run(size: int, fetched: int, sentence: str) -> None:
    account = Account()
    Completions(account).add(ended(size=size, fetched=fetched))  # type: ignore[arg-type]
    assert account.told == [("download_completed", f"lab/film is complete: {sentence}")]
