"""`POST /api/v1/OPERATION`: every operation as JSON, with a token instead of a connection."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pydantic_core
from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from common.api import lines
from common.api.model import Model
from common.api.operation import Operation, UnreadableRequestError
from common.api.registry import OPERATIONS
from common.errors import ErrorCode, MinitorrentError
from common.text import size
from common.types import plain_address
from tracker.frontend import bulk
from tracker.frontend.bulk import BulkLimiter
from tracker.frontend.dispatch import Dispatcher
from tracker.frontend.http.statuses import status_of
from tracker.services.caller import Caller
from tracker.services.rate_limits import RequestThrottle

PATH = "/api/v1/"

_THREADS = 16
"""Operations answered at once, in addition to stock clients' requests."""

_PASSWORD_THREADS = 8
"""Operations with a password answered at once; checking one takes long."""

BODY_SECONDS = 20.0
"""Time limit for receiving a request's body."""

_TURN_SECONDS = 0.05  # between attempts to admit a long request


class RequestError(MinitorrentError):
    """A refused request with an HTTP status of its own."""

    def __init__(self, status: int, code: ErrorCode, message: str) -> None:
        super().__init__(code, message)
        self.status = status


def add_api(
    app: FastAPI, dispatcher: Dispatcher, request_throttle: RequestThrottle, body_seconds: float
) -> None:
    """Add the operations to the application; a body has to arrive within `body_seconds`."""
    bulk_limiter = BulkLimiter()
    usual = anyio.CapacityLimiter(_THREADS)
    slow = anyio.CapacityLimiter(_PASSWORD_THREADS)

    def call(caller: Caller, operation: Operation[Any, Any], body: bytes) -> Model:
        return dispatcher.answer(caller, operation, _decode(body))

    @app.post(PATH + "{name}")
    async def answer(name: str, request: Request) -> Response:
        try:
            operation = _find(name)
            caller = _caller(request)
            if operation.carries_password:
                _refuse_afar(caller)
            limiter = slow if operation.carries_password else usual
            await anyio.to_thread.run_sync(dispatcher.admit, caller, operation, limiter=usual)
            if caller.identity is not None:
                await asyncio.sleep(request_throttle.delay(caller.identity.user))
            async with _turn(bulk_limiter, caller, request):
                body = await _read(request, operation.max_size, body_seconds)
                reply = await anyio.to_thread.run_sync(
                    call, caller, operation, body, limiter=limiter
                )
            done = _json(200, {"ok": True, "result": reply})
            lines.check_reply(bytes(done.body))
        except MinitorrentError as error:
            return refusal(error)
        except ClientDisconnect:
            return Response(status_code=400)  # the client has disconnected
        return done


def refusal(error: MinitorrentError, status: int | None = None) -> Response:
    """Return an error response; its status, unless given, follows from the error code."""
    if status is None:
        status = error.status if isinstance(error, RequestError) else status_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    return _json(status, {"ok": False, "error": lines.failure_of(error)}, headers)


def _json(
    status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response that nobody caches, since it may contain a secret."""
    return Response(
        pydantic_core.to_json(body),
        status,
        {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
        "application/json",
    )


def _find(name: str) -> Operation[Any, Any]:
    operation = OPERATIONS.get(name)
    if operation is None:
        raise RequestError(
            404, ErrorCode.USAGE, "There is no such operation; /docs lists them all."
        )
    if operation.session_only:
        raise MinitorrentError(ErrorCode.USAGE, operation.session_only)
    return operation


def _caller(request: Request) -> Caller:
    """Return the caller by the connection's own address, ignoring proxy headers."""
    if request.client is None:
        raise MinitorrentError(ErrorCode.INTERNAL, "The client's address is unknown.")
    here = request.scope["server"][0]
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return Caller(
        "",
        plain_address(request.client.host),
        plain_address(here),
        token=token.strip() if scheme.lower() == "bearer" else "",
    )


def _refuse_afar(caller: Caller) -> None:
    """Refuse passwords from other machines: HTTP is not encrypted."""
    if not ipaddress.ip_address(caller.address).is_loopback:
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            "Passwords are accepted over plain HTTP only from this machine; use a local proxy with "
            "TLS, or use a session.",
        )


@asynccontextmanager
async def _turn(bulk_limiter: BulkLimiter, caller: Caller, request: Request) -> AsyncIterator[None]:
    """Wait until a long request is admitted. A request without a length counts as long."""
    length = request.headers.get("content-length", "")
    if caller.identity is None or (
        length.isdecimal() and len(length) < 10 and int(length) <= bulk.THRESHOLD
    ):
        yield
        return
    user = caller.identity.user
    deadline = time.monotonic() + bulk.WAIT_SECONDS
    while not bulk_limiter.try_acquire(user):
        if time.monotonic() > deadline:
            raise bulk.too_busy()
        await asyncio.sleep(_TURN_SECONDS)
    try:
        yield
    finally:
        bulk_limiter.release(user)


async def _read(request: Request, limit: int, seconds: float) -> bytes:
    """Read the request body, at most `limit` bytes, within `seconds`.

    It must be declared as JSON, which no other site's page can do unasked.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RequestError(
            415, ErrorCode.USAGE, "Send a JSON object, with Content-Type: application/json."
        )
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise RequestError(
                        413, ErrorCode.USAGE, f"This request has at most {size(limit)}."
                    )
    except TimeoutError:
        raise RequestError(
            408, ErrorCode.TIMEOUT, f"The request did not arrive within {seconds:g} s."
        ) from None
    return bytes(body)


def _decode(body: bytes) -> dict[str, object]:
    """Decode the arguments; slow if there are many."""
    try:
        return lines.decode_request(body)
    except MinitorrentError:
        raise UnreadableRequestError(
            ErrorCode.USAGE, "The request's body is not a JSON object."
        ) from None
