"""A client's web server, used as a program would: over HTTP, with the token of its link."""

from __future__ import annotations

import re

import httpx

from tests.support.programs.processes import START_TIME, ClientProcess
from tests.support.waiting import wait_until

_LINK = re.compile(r"^page at (http://\S+)")


def link_of(client: ClientProcess) -> str:
    """The link that a client prints when it is started with --web."""

    def printed() -> str | None:
        found = filter(None, map(_LINK.match, client.errors.all))
        return next((match[1] for match in found), None)

    link = wait_until(printed, START_TIME, "the line with the link to the page")
    assert link is not None
    return link


def token_of(client: ClientProcess) -> str:
    """The secret in that link."""
    return link_of(client).partition("/?token=")[2]


def caller(client: ClientProcess, *, authorized: bool = True) -> httpx.Client:
    """A connection to the client's API, with the token or without."""
    address = link_of(client).partition("/?token=")[0]
    headers = {"Authorization": f"Bearer {token_of(client)}"} if authorized else {}
    return httpx.Client(base_url=address, headers=headers, timeout=30)
