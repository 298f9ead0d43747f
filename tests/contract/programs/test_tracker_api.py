"""The tracker's HTTP API as other programs see it, from its description alone."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs.processes import TrackerProcess

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
ENDING = "(logout|change_password|end_session|revoke_token|renew_token)$"
"""Operations that void the token of all requests."""


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[TrackerProcess]:
    with TrackerProcess(tmp_path) as process:
        yield process


def post(tracker: TrackerProcess, operation: str, token: str = "", **arguments: str) -> Any:
    request = urllib.request.Request(
        f"http://{tracker.http}/api/v1/{operation}",
        json.dumps(arguments).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.loads(reply.read())["result"]


EXPECTED = """\
[checks]
negative_data_rejection.expected-statuses = [
  "400", "401", "403", "404", "409", "413", "415", "422", "429",
]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "413", "429"]
"""
"""413: escapes can make a body too long although its fields are not."""


FOR_SURE = ("--phases", "coverage,fuzzing")
"""Every bound of every field, in addition to random values."""


def examine(tracker: TrackerProcess, *options: str) -> None:
    """Send every operation valid and invalid requests, by its description."""
    (tracker.folder / "schemathesis.toml").write_text(EXPECTED)
    found = subprocess.run(
        [
            *(str(SCHEMATHESIS), "run", f"http://{tracker.http}/openapi.json"),
            *("--max-examples", "2", "--no-color", "--continue-on-failure"),
            *("--workers", "2", *options),
        ],
        cwd=tracker.folder,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert found.returncode == 0, found.stdout[-8000:] + found.stderr[-2000:]


@pytest.mark.parametrize(
    "phases", [("--phases", "fuzzing"), pytest.param(FOR_SURE, marks=pytest.mark.soak)]
)
def test_api_requests_with_a_token(tracker: TrackerProcess, phases: tuple[str, ...]) -> None:
    post(tracker, "create_user", user="ann", password="secret123")
    token = post(tracker, "login", user="ann", password="secret123")["token"]
    post(tracker, "create_group", token, group="lab")
    authorized = ("-H", f"Authorization: Bearer {token}")
    examine(tracker, *phases, *authorized, "--exclude-path-regex", ENDING)
    assert post(tracker, "list_groups", token)["groups"], "the token was lost on the way"


def test_actions_that_end_a_login(tracker: TrackerProcess) -> None:
    examine(tracker, *FOR_SURE, "--include-path-regex", ENDING)
