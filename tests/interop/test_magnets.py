"""Magnet links with stock clients, both ways: nothing else changes hands."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.interop.test_group import SIZE, STOCK, lab_and
from tests.support.content import make_file, sha256
from tests.support.lab import GROUP
from tests.support.waiting import wait_until

pytestmark = pytest.mark.interop


def test_each_stock_client_downloads_from_nothing_but_our_magnet(tmp_path: Path) -> None:
    with lab_and(list(STOCK), tmp_path) as (_, ann, stock):
        waiting = []
        for name, client in zip(STOCK, stock, strict=True):
            content = make_file(tmp_path / f"for {name}.bin", SIZE)
            ann.ok("upload_file", str(content), GROUP)
            link = ann.ok("magnet", GROUP, content.name)["magnet"]
            client.add(link, tmp_path / "copies")
            waiting.append((name, client, link, content))
        for name, client, link, content in waiting:
            wait_until(partial(client.is_complete, link), 60, f"{name} to be complete")
            assert sha256(tmp_path / "copies" / content.name) == sha256(content)
