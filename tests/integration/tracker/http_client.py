"""A bare client of the tracker's HTTP API."""

from __future__ import annotations

import http.client
import json
from typing import Any, Protocol

from common.types import Endpoint
from tests.integration.tracker.sessions import RefusedError


class HasHttp(Protocol):
    """A tracker, or its frontends alone."""

    http_address: Endpoint | None


class HttpClient:
    """Sends operations to one tracker, with a token once it has one."""

    def __init__(self, tracker: HasHttp, token: str = "") -> None:
        assert tracker.http_address is not None
        self._address = str(tracker.http_address)
        self.token = token

    def send(
        self,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        method: str = "POST",
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers and the body with which a request is answered."""
        connection = http.client.HTTPConnection(self._address, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def ask(self, operation: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
        """The status and the JSON with which an operation is answered."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps(arguments).encode()
        status, _, answer = self.send(f"/api/v1/{operation}", body, headers)
        return status, json.loads(answer)

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """The result of an operation; raises RefusedError."""
        status, answer = self.ask(operation, **arguments)
        if not answer["ok"]:
            raise RefusedError(answer["error"])
        assert status == 200
        result: dict[str, Any] = answer["result"]
        return result

    def refused(self, operation: str, **arguments: Any) -> tuple[int, str]:
        """Status and code with which an operation is refused."""
        status, answer = self.ask(operation, **arguments)
        assert set(answer) == {"ok", "error"}
        assert set(answer["error"]) == {"code", "message"}
        assert answer["ok"] is False
        return status, answer["error"]["code"]

    def login(self, user: str, password: str = "secret123") -> dict[str, Any]:
        """Log in, and continue with the token."""
        reply = self.call("login", user=user, password=password)
        self.token = reply["token"]
        return reply
