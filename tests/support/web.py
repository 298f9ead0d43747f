"""A client's web server, asked as a program asks it: over real HTTP, with the token of its link."""

from __future__ import annotations

import httpx

from tests.support.processes import ClientProcess
from tests.support.waiting import wait_until

_SAID = "page at "


def link_of(client: ClientProcess) -> str:
    """The link that a client prints when it is started with --web."""
    wait_until(lambda: _SAID in client.errors.tail(), 30, "the link of the page")
    lines = client.errors.tail().splitlines()
    return next(line for line in lines if line.startswith(_SAID)).removeprefix(_SAID)


def caller(client: ClientProcess, *, authorized: bool = True) -> httpx.Client:
    """A connection to the client's API, with the token or without."""
    address, _, token = link_of(client).partition("/?token=")
    headers = {"Authorization": f"Bearer {token}"} if authorized else {}
    return httpx.Client(base_url=address, headers=headers, timeout=30)
