"""Stock clients that accept only protocols we don't support: `why` explains what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any

import pytest

from tests.interop.test_group import has_seeders, share
from tests.support.content import make_file
from tests.support.lab import GROUP, Lab
from tests.support.processes import ClientProcess
from tests.support.stock import StockClient, require
from tests.support.stock.aria2 import Aria2
from tests.support.stock.libtorrent import Libtorrent
from tests.support.stock.patience import wait_until

SIZE = 1_000_000

pytestmark = [pytest.mark.interop, pytest.mark.slow]

FORCED: dict[str, Any] = {"in_enc_policy": 0, "out_enc_policy": 0}
"""libtorrent's `pe_forced`; `pe_enabled`, as shipped, is 1."""

STRICT: dict[str, Callable[[], AbstractContextManager[StockClient]]] = {
    "libtorrent, encryption forced": lambda: Libtorrent(settings=FORCED, tuned=False),
    "libtorrent, without TCP": lambda: Libtorrent(
        settings={"enable_incoming_tcp": False, "enable_outgoing_tcp": False}, tuned=False
    ),
    "aria2, encryption required": lambda: Aria2("127.0.0.1", "--bt-require-crypto=true"),
}


def said(person: ClientProcess, name: str) -> dict[str, str] | None:
    """Return the answer of `why`, once it is certain."""
    answer = person.ok("why", GROUP, name)
    return answer if "peer that is online" in answer["reason"] else None


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    """Return bob's answers of `why` for the file of each client, queried in parallel."""
    require("aria2c")
    folder = tmp_path_factory.mktemp("strict")
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(folder / "lab", is_open=True))
        ann, bob = lab.member("ann"), lab.member("bob")
        contents = {
            kind: make_file(folder / "seeded" / f"{number}.bin", SIZE, number)
            for number, kind in enumerate(STRICT)
        }
        for kind, content in contents.items():
            strict = stack.enter_context(STRICT[kind]())
            strict.add(share(ann, content, folder), content.parent)
        for kind, content in contents.items():
            wait_until(partial(has_seeders, lab, content, 2), 60, f"{kind} to be announced")
            ann.ok("pause", GROUP, content.name)
            bob.ok("download_file", GROUP, content.name, str(folder))
        yield {
            kind: wait_until(partial(said, bob, content.name), 60, f"why to be sure of {kind}")
            for kind, content in contents.items()
        }


@pytest.mark.parametrize("kind", STRICT)
def test_a_peer_that_requires_encryption_is_not_called_unreachable(
    asked: dict[str, dict[str, str]], kind: str
) -> None:
    reason, hint = asked[kind]["reason"], asked[kind]["hint"]
    assert "answers at its port, but hangs up before the handshake" in reason
    assert "set encryption to 'prefer' or 'allow'" in hint
