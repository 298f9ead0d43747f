"""The HTTP API is created when it is first used."""

from __future__ import annotations

import asyncio

import httpx
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from client.web.api import PREFIX
from client.web.late_api import LateApi


def test_the_api_is_created_once_and_only_for_its_requests() -> None:
    made: list[str] = []

    def make() -> ASGIApp:
        made.append("api")
        return PlainTextResponse("from the api")

    async def use() -> None:
        app = LateApi(make, PlainTextResponse("from the page"))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://client") as web:
            for path in ("/", PREFIX, "/other"):
                assert (await web.get(path)).text == "from the page"
            assert made == []
            answers = await asyncio.gather(*(web.get(f"{PREFIX}/whoami") for _ in range(5)))
            assert {answer.text for answer in answers} == {"from the api"}

    asyncio.run(use())
    assert made == ["api"]
