"""The OpenAPI description of the HTTP API, generated from the operations' models."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pydantic.json_schema import models_json_schema

from common.api.operation import ANYWHERE, Operation
from common.api.registry import OPERATIONS
from common.errors import HTTP_STATUSES, ErrorCode
from tracker.frontend.http.api import PATH
from tracker.frontend.http.statuses import CONFLICT

_JSON = "application/json"
_REFERENCE = "#/components/schemas/{model}"
_REASONS = {
    400: "The request doesn't match the operation.",
    401: "The token is missing, invalid or expired.",
    403: "The user or the token may not do this.",
    404: "Something named in the request doesn't exist.",
    408: "The request did not arrive in time.",
    409: "The request conflicts with the current state.",
    413: "The request is too long.",
    415: "The request is not declared as JSON.",
    429: "Too many wrong passwords; try again later.",
    500: "The tracker failed; its operator can find the reason in its log.",
    503: "The tracker is busy; try again in a minute.",
    507: "The tracker's disk is full; its operator must free some space.",
}
_OF_ANY_REQUEST = {
    400: {ErrorCode.USAGE},
    CONFLICT: {ErrorCode.USAGE},
    408: {ErrorCode.TIMEOUT},
    413: {ErrorCode.USAGE},
    415: {ErrorCode.USAGE},
    500: {ErrorCode.INTERNAL},
    507: {ErrorCode.DISK_FULL},
}
_INTRODUCTION = """\
Every operation of the tracker. Send its arguments as a JSON object; the answer is
`{"ok": true, "result": {...}}` or `{"ok": false, "error": {"code", "message"}}`.

Most operations need a token: `Authorization: Bearer TOKEN`. `login` gives one for half a day,
`create_token` others, with as long a time and as few rights as you like: `read` changes nothing,
`member` does what a member does, `admin` what a group's admin does, `account` everything. Each
includes those before it.
"""


def describe(version: str) -> dict[str, Any]:
    """Return the whole document (OpenAPI 3.1); `version` is the program's."""
    served = [operation for operation in OPERATIONS.values() if not operation.session_only]
    names, definitions = models_json_schema(
        [
            *((operation.request, "validation") for operation in served),
            *((operation.reply, "serialization") for operation in served),
        ],
        ref_template=_REFERENCE,
    )
    paths = {
        PATH + operation.name: {"post": _describe(operation, names)}
        for operation in OPERATIONS.values()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Minitorrent tracker",
            "version": version,
            "description": _INTRODUCTION,
        },
        "paths": paths | _OF_OPERATORS,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe(operation: Operation[Any, Any], names: Any) -> dict[str, Any]:
    text = " ".join((operation.request.__doc__ or "").split())
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.request.__module__.rpartition(".")[2]],
        "summary": text.partition(".")[0],
        "description": text,
        "responses": _refusals(operation),
    }
    if operation.session_only:
        described["description"] = f"Not over HTTP. {operation.session_only}"
        return described
    request = names[(operation.request, "validation")]
    reply = names[(operation.reply, "serialization")]
    described["requestBody"] = {"required": True, "content": {_JSON: {"schema": request}}}
    described["responses"]["200"] = {"description": "Done.", "content": _envelope(reply)}
    if operation.needs_login:
        described["security"] = [{"token": []}]
        described["description"] += f" Needs a token of scope `{operation.scope}`."
    return described


def _envelope(result: dict[str, Any]) -> dict[str, Any]:
    properties = {"ok": {"const": True}, "result": result}
    return _content(properties)


def _refusals(operation: Operation[Any, Any]) -> dict[str, Any]:
    """Return each error status of an operation, with its error codes."""
    codes: dict[int, set[ErrorCode]] = defaultdict(set)
    if operation.session_only:
        codes[CONFLICT] = {ErrorCode.USAGE}
    else:
        own = set(operation.errors | ANYWHERE)
        if operation.needs_login:
            own |= {ErrorCode.NOT_LOGGED_IN, ErrorCode.PERMISSION_DENIED}
        if operation.carries_password:
            own |= {ErrorCode.PERMISSION_DENIED, ErrorCode.TOO_MANY_ATTEMPTS}
        for status, some in _OF_ANY_REQUEST.items():
            codes[status] |= some
        for code in own:
            codes[HTTP_STATUSES[code]].add(code)
    return {
        str(status): {"description": _REASONS[status], "content": _error(codes[status])}
        for status in sorted(codes)
    }


def _error(codes: set[ErrorCode]) -> dict[str, Any]:
    properties = {
        "ok": {"const": False},
        "error": {
            "type": "object",
            "properties": {
                "code": {"enum": sorted(code.value for code in codes)},
                "message": {"type": "string"},
            },
            "required": ["code", "message"],
        },
    }
    return _content(properties)


def _content(properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {_JSON: {"schema": schema}}


def _plain(summary: str, media: str, *statuses: str) -> dict[str, Any]:
    responses = {status: {"description": summary, "content": {media: {}}} for status in statuses}
    return {"get": {"summary": summary, "tags": ["operators"], "responses": responses}}


_OF_OPERATORS = {
    "/health": _plain("Whether the tracker and its database work.", _JSON, "200", "503"),
    "/metrics": _plain("Numbers for Prometheus.", "text/plain", "200"),
}
