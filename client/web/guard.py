"""Who may talk to page and API: one check for every request and every websocket, before all else.

A request has to come from the page's own origin and prove that its sender knows the token of the
link: by the link itself, which sets a cookie, by that cookie, or by a Bearer header.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import MinitorrentError
from common.types import Endpoint

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'"
)
"""NiceGUI compiles its templates in the browser, which takes the two 'unsafe' ones."""

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


class Guard:
    """ASGI middleware that lets only those through who know `token`.

    `address` is where the server listens. It may be called by its address, by any other in
    numbers, and by the name localhost. A name that somebody points at this machine (DNS
    rebinding) leads nowhere.
    """

    def __init__(self, app: ASGIApp, token: str, address: Endpoint) -> None:
        self._app = app
        self._token = token
        self._address = address
        # Cookies don't tell ports apart; two clients on one machine each need their own.
        self._cookie = f"minitorrent-{address.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
        """The answer that keeps a request out; None lets it through."""
        host = headers.get("host", "")
        if not self._is_ours(host):
            return PlainTextResponse("This address is not the page's.\n", 421)
        origin = headers.get("origin")
        if origin not in (None, f"http://{host}"):
            return PlainTextResponse("Another site's page may not ask this.\n", 403)
        if headers.get("sec-fetch-site", "") not in _OWN_SITES:
            return PlainTextResponse("Another site's page may not ask this.\n", 403)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if scope["type"] == "http" and self._is_token(query.get("token", [""])[0]):
            return self._welcome(scope["path"])
        if self._is_token(_bearer(headers)):
            return None
        # Browsers name the origin of whatever may act; what doesn't say it has no cookie to use.
        may_act = scope.get("method") not in ("GET", "HEAD")
        if self._is_token(_cookie(headers, self._cookie)) and not (may_act and origin is None):
            return None
        return PlainTextResponse(
            "Open the link that the client printed when it started.\n",
            401,
            {"WWW-Authenticate": "Bearer"},
        )

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header is one under which this server may be asked."""
        try:
            name, port = Endpoint.parse(host if _PORT.search(host) else f"{host}:80")
        except MinitorrentError:
            return False
        if port != self._address.port:
            return False
        return name in (self._address.host, "localhost") or _is_number(name)

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())

    def _welcome(self, path: str) -> Response:
        """Keep the token in a cookie that no script can read, and take it out of the address."""
        answer = RedirectResponse("/" + path.lstrip("/\\"), 303)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
        return answer


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_HEADERS)
        await send(message)

    return sending
