"""The local HTTP API: every command of the registry as `POST /api/v1/COMMAND`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response, Security
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.background import BackgroundTask

from client.commands.command import Command
from client.commands.registry import COMMANDS
from client.commands.runner import Outcome, Runner
from client.web.events import Events
from client.web.manual import manual
from client.web.models import STATUS, FailureAnswer, answer_model, read_arguments, request_model
from common import __version__
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.engine.session import Session

PREFIX = "/api/v1"

_THREADS = 32
"""Commands that run at the same time; further ones wait for their turn."""

_LARGEST_BODY = 1 << 16

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(
    session: Session, is_closing: Callable[[], bool], end_program: Callable[[], None]
) -> FastAPI:
    """The application, without the page; who may use it is for `client.web.guard` to say.

    A command that waits ends when `is_closing` says so; `quit` calls `end_program` once it is
    answered. Passwords are in bodies only, and no body is ever logged.
    """
    app = FastAPI(
        title="Minitorrent client",
        version=__version__,
        summary="The commands of one running client.",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
    )
    bearer = HTTPBearer(auto_error=False, description="The token of the link that --web printed.")
    access = [Security(bearer)]
    desk = _Desk(session, is_closing, end_program)
    for command in COMMANDS.values():
        model = request_model(command)
        app.add_api_route(
            f"{PREFIX}/{command.name}",
            desk.endpoint(command, model),
            methods=["POST"],
            operation_id=command.name,
            tags=[command.topic],
            summary=command.summary,
            description=command.details,
            response_model=answer_model(command),
            responses=_failures(),
            openapi_extra=_body(model),
            dependencies=access,
        )
    events = Events(session)

    @app.get(
        f"{PREFIX}/events",
        tags=["events"],
        summary="notices and the state of things, as server-sent events",
        description="`overview` once a second at most, when something changed; `notice` at once.",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
            429: {"model": FailureAnswer, "description": "Too many streams are open."},
        },
        dependencies=access,
    )
    async def stream() -> Response:
        if events.is_full:
            error = MinitorrentError(
                ErrorCode.TOO_MANY_ATTEMPTS, "Too many streams are open; close one first."
            )
            return _answer(Outcome("events", None, error))
        return StreamingResponse(events.stream(), media_type="text/event-stream", headers=_FRESH)

    @app.get(f"{PREFIX}/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(manual(COMMANDS.values(), PREFIX))

    return app


_FRESH = {"Cache-Control": "no-store"}


class _Desk:
    """Takes commands that come over HTTP, and runs them in threads of its own."""

    def __init__(
        self, session: Session, is_closing: Callable[[], bool], end_program: Callable[[], None]
    ) -> None:
        self._session = session
        self._is_closing = is_closing
        self._end_program = end_program
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="web command")

    def endpoint(self, command: Command, model: type[BaseModel]) -> Endpoint:
        """What answers requests for one command."""

        async def answer(request: Request) -> Response:
            try:
                arguments = read_arguments(command, model, await _read(request))
            except MinitorrentError as error:
                return _answer(Outcome(command.name, command, error))
            given_up = threading.Event()
            runner = self._runner(lambda: given_up.is_set() or self._is_closing())
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._pool, runner.call, command, arguments)
            watching = asyncio.ensure_future(_gone(request))
            try:
                await asyncio.wait((running, watching), return_when=asyncio.FIRST_COMPLETED)
                if not running.done():  # nobody is there to hear the answer
                    given_up.set()
                outcome = await running
            finally:
                given_up.set()
                watching.cancel()
            return _answer(outcome, self._end_program if outcome.ends_program else None)

        return answer

    def _runner(self, cancelled: Callable[[], bool]) -> Runner:
        def progress(_done: int, _total: int) -> None:
            if cancelled():
                raise MinitorrentError(
                    ErrorCode.TIMEOUT, "Stopped before the file was hashed; nothing was shared."
                )

        return Runner(self._session, progress=progress, cancelled=cancelled)


async def _read(request: Request) -> bytes:
    """A body of JSON; raises MinitorrentError(usage)."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            raise MinitorrentError(ErrorCode.USAGE, "The body is larger than 64 KiB.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/json":
        raise MinitorrentError(
            ErrorCode.USAGE, "The body has to be JSON; send Content-Type: application/json."
        )
    return body


async def _gone(request: Request) -> None:
    """Ends when whoever asked has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _answer(outcome: Outcome, then: Callable[[], None] | None = None) -> Response:
    status = 200 if outcome.error is None else STATUS[outcome.error.code]
    background = None if then is None else BackgroundTask(then)
    return JSONResponse(outcome.as_json(), status, headers=_FRESH, background=background)


def _failures() -> dict[int | str, dict[str, Any]]:
    """The answers to a command that fails, by HTTP status."""
    codes: dict[int, list[str]] = {}
    for code, status in STATUS.items():
        codes.setdefault(status, []).append(code.value)
    return {
        401: {"description": "The request came without the token."},
        **{
            status: {"model": FailureAnswer, "description": ", ".join(words)}
            for status, words in sorted(codes.items())
        },
    }


def _body(model: type[BaseModel]) -> dict[str, Any]:
    fields = model.model_fields.values()
    return {
        "requestBody": {
            "required": any(field.is_required() for field in fields),
            "content": {"application/json": {"schema": model.model_json_schema()}},
        }
    }
