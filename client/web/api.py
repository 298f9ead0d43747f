"""The local HTTP API: every command of the registry as `POST /api/v1/COMMAND`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response, Security, params
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.background import BackgroundTask

from client.commands.command import Command
from client.commands.registry import COMMANDS
from client.commands.runner import Outcome
from client.web.events import Events
from client.web.models import FailureAnswer, answer_model, read_arguments, request_model
from client.web.pool import CommandPool
from common import __version__
from common.errors import HTTP_STATUSES, ErrorCode, MinitorrentError
from common.openapi_page import render

PREFIX = "/api/v1"

_INTRODUCTION = f"""\
Every command of one running client. Send its arguments as a JSON object; the answer is what
`--json` prints. Send the token in the link as `Authorization: Bearer TOKEN`.
`GET {PREFIX}/events` streams notices and the state of transfers.
"""

_LARGEST_BODY = 1 << 16
_FRESH = {"Cache-Control": "no-store"}

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(pool: CommandPool, end_program: Callable[[], None]) -> FastAPI:
    """Create the application, without the page; `client.web.guard` controls access to it.

    `quit` calls `end_program` after its answer is sent. Passwords occur only in bodies, which are
    never logged.
    """
    app = FastAPI(
        title="Minitorrent client",
        version=__version__,
        summary="The commands of one running client.",
        description=_INTRODUCTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
    )
    bearer = HTTPBearer(auto_error=False, description="The token in the link that --web prints.")
    access = [Security(bearer)]
    _add_commands(app, pool, end_program, access)
    _add_events(app, Events(pool.session), access)

    @app.get(f"{PREFIX}/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(render(app.openapi(), f"{PREFIX}/openapi.json"))

    return app


def _add_commands(
    app: FastAPI, pool: CommandPool, end_program: Callable[[], None], access: list[params.Depends]
) -> None:
    for command in COMMANDS.values():
        app.add_api_route(
            f"{PREFIX}/{command.name}",
            _endpoint(pool, command, end_program),
            methods=["POST"],
            operation_id=command.name,
            tags=[command.topic],
            summary=command.summary,
            description=command.details,
            response_model=answer_model(command),
            responses=_failure_responses(),
            openapi_extra=_request_body(request_model(command)),
            dependencies=access,
        )


def _add_events(app: FastAPI, events: Events, access: list[params.Depends]) -> None:
    @app.get(
        f"{PREFIX}/events",
        tags=["events"],
        summary="stream notices and the client's state as server-sent events",
        description="`overview` when something has changed, at most once per second; `notice` at"
        " once.",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
            429: {"model": FailureAnswer, "description": "Too many event streams are open."},
        },
        dependencies=access,
    )
    async def stream() -> Response:
        if events.is_full:
            error = MinitorrentError(
                ErrorCode.TOO_MANY_ATTEMPTS, "Too many event streams are open; close one first."
            )
            return _answer(Outcome("events", None, error))
        return StreamingResponse(events.stream(), media_type="text/event-stream", headers=_FRESH)


def _endpoint(pool: CommandPool, command: Command, end_program: Callable[[], None]) -> Endpoint:
    """Return the request handler of one command."""

    async def answer(request: Request) -> Response:
        try:
            arguments = read_arguments(command, await _read_body(request))
        except MinitorrentError as error:
            return _answer(Outcome(command.name, command, error))
        given_up = threading.Event()
        running = asyncio.ensure_future(pool.run(command, arguments, cancelled=given_up.is_set))
        watching = asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait((running, watching), return_when=asyncio.FIRST_COMPLETED)
            if not running.done():  # the client has disconnected
                given_up.set()
            outcome = await running
        finally:
            given_up.set()
            watching.cancel()
        return _answer(outcome, end_program if outcome.ends_program else None)

    return answer


async def _read_body(request: Request) -> bytes:
    """Read a JSON body; raises MinitorrentError(usage)."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            raise MinitorrentError(ErrorCode.USAGE, "The body is larger than 64 KiB.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/json":
        raise MinitorrentError(
            ErrorCode.USAGE, "The body must be JSON; send Content-Type: application/json."
        )
    return body


async def _disconnected(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _answer(outcome: Outcome, then: Callable[[], None] | None = None) -> Response:
    """Return the response for an outcome; `then` is called after it is sent."""
    status = 200 if outcome.error is None else HTTP_STATUSES[outcome.error.code]
    background = None if then is None else BackgroundTask(then)
    return JSONResponse(outcome.as_json(), status, headers=_FRESH, background=background)


def _failure_responses() -> dict[int | str, dict[str, Any]]:
    """Return the responses of a failed command by HTTP status, for OpenAPI."""
    codes: dict[int, list[str]] = {}
    for code, status in HTTP_STATUSES.items():
        codes.setdefault(status, []).append(code.value)
    failures: dict[int | str, dict[str, Any]] = {
        status: {"model": FailureAnswer, "description": ", ".join(words)}
        for status, words in sorted(codes.items())
    }
    failures[401]["description"] += "; as plain text: the request has no valid token"
    failures[401]["content"] = {"text/plain": {}}
    return failures


def _request_body(model: type[BaseModel]) -> dict[str, Any]:
    """Return the request body of a command, for OpenAPI."""
    fields = model.model_fields.values()
    return {
        "requestBody": {
            "required": any(field.is_required() for field in fields),
            "content": {"application/json": {"schema": model.model_json_schema()}},
        }
    }
