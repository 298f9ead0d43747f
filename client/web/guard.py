"""Access control for page and API: one check for every request and websocket.

A request must come from the page's own origin and carry the link's token in an Authorization
header. No cookie is used: browsers send a host's cookies to every port, so any other server on
this machine would receive them. A browser that opens the page without the header gets the entry
page, which contains no secret and makes the browser repeat the request with the token that it
stores for this origin only.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from client.web.entry_page import entry_page
from client.web.open_codes import OpenCodes
from common.errors import MinitorrentError
from common.types import Endpoint

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'"
)
"""NiceGUI compiles its templates in the browser, which requires both 'unsafe' keywords."""

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_PORT = re.compile(r":[0-9]+$")
_OWN_SITES = ("", "same-origin", "none")
_PUBLIC = re.compile(
    r"/favicon\.ico|/_nicegui/[^/]+/(static|libraries|components|resources|esm)/.+"
)
"""Files of the page's framework, which are the same for everybody. Browsers can't add a header to
requests for files that a page links to."""
_SOCKET = "/_nicegui_ws/"
_FRESH = {"Cache-Control": "no-store"}


class Guard:
    """ASGI middleware that only accepts requests with a valid token.

    `link_token` is the token in the link. `run_token` is valid for this run of the program only:
    the page's websocket sends it in the URL, because browsers can't add a header there. So a tab
    that is still open after the program has ended doesn't reveal the link's token to another
    program that then listens on the port.

    `address` is where the server listens. Requests may name any IP address or localhost as the
    host, but no other name, which prevents DNS rebinding. `codes` are exchanged for the link.
    """

    def __init__(
        self,
        app: ASGIApp,
        link_token: str,
        run_token: str,
        address: Endpoint,
        codes: OpenCodes | None = None,
    ) -> None:
        self._app = app
        self._link_token = link_token
        self._run_token = run_token
        self._address = address
        self._codes = codes or OpenCodes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an accepted request on to the application; answer any other here (ASGI)."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._judge(scope, Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "http":
            await refusal(scope, receive, _with_headers(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _judge(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the response that rejects a request, or None to accept it."""
        host = headers.get("host", "")
        if not self._is_ours(host):
            return PlainTextResponse(
                "This host name is not allowed; use the address in the link.\n", 421
            )
        origin = headers.get("origin")
        if origin not in (None, f"http://{host}"):
            return PlainTextResponse("Requests from other sites are not allowed.\n", 403)
        if headers.get("sec-fetch-site", "") not in _OWN_SITES:
            return PlainTextResponse("Requests from other sites are not allowed.\n", 403)
        if self._is_authorized(scope, headers):
            return None
        if "text/html" in headers.get("accept", "") and "authorization" not in headers:
            return self._entry(scope, headers.get("accept-language", ""))
        return PlainTextResponse(
            "Open the link that the client printed at startup.\n",
            401,
            {"WWW-Authenticate": "Bearer"},
        )

    def _is_authorized(self, scope: Scope, headers: Headers) -> bool:
        """Return whether a request carries a valid token, or needs none."""
        path = scope["path"]
        if scope.get("method") == "GET" and _PUBLIC.fullmatch(path):
            return True
        if path.startswith(_SOCKET):
            return _is_same(_query_value(scope, "token"), self._run_token)
        given = _bearer(headers)
        return _is_same(given, self._link_token) or _is_same(given, self._run_token)

    def _entry(self, scope: Scope, accepted: str) -> Response:
        """Return the page that makes the browser repeat the request with its stored token.

        A browser that brings a code gets the link instead.
        """
        code = _query_value(scope, "open")
        if code and self._codes.take(code, Endpoint(*scope["client"]), Endpoint(*scope["server"])):
            return RedirectResponse(f"/?token={self._link_token}", 303, _FRESH)
        is_link = _is_same(_query_value(scope, "token"), self._link_token)
        return HTMLResponse(entry_page(accepted), 200 if is_link else 401, _FRESH)

    def _is_ours(self, host: str) -> bool:
        """Return whether a Host header is valid for this server."""
        try:
            name, port = Endpoint.parse(host if _PORT.search(host) else f"{host}:80")
        except MinitorrentError:
            return False
        if port != self._address.port:
            return False
        return name in (self._address.host, "localhost") or _is_ip_address(name)


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_same(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode(), token.encode())


def _query_value(scope: Scope, key: str) -> str:
    """Return a value of the query string, "" if it has none of that key."""
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get(key, [""])[0]


def _bearer(headers: Headers) -> str:
    """Return the token in the Authorization header, "" without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_HEADERS)
        await send(message)

    return sending
