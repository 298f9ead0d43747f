"""Metainfo nested as deep as the decoder allows must not exhaust a session thread's stack."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.integration.tracker.sessions import RefusedError, SessionClient
from tests.support.programs.processes import TrackerProcess

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize("unit", [b"d1:a", b"l"], ids=["dictionaries", "lists"])
def test_deeply_nested_metainfo_is_refused(unit: bytes, tmp_path: Path) -> None:
    with TrackerProcess(tmp_path) as tracker:
        with SessionClient(tracker.address) as ann:
            ann.sign_up("ann")
            ann.call("create_group", group="lab")
            metainfo = base64.b64encode(unit * 100_000).decode()
            with pytest.raises(RefusedError, match="usage"):
                ann.call("add_file", group="lab", name="x", metainfo=metainfo)
        assert tracker.is_running
