"""The web server beside the shell or script: the page, on this machine's own address only."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI

from client.web.guard import Guard
from client.web.page import attach
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint

if TYPE_CHECKING:
    from client.engine.session import Session

_STOP_TIME = 5.0


class WebServer:
    """Serves one session's page from a thread of its own, from `start` to `close`.

    Raises MinitorrentError: usage for an address that other machines can reach, permission_denied
    for one that can't be had.
    """

    def __init__(self, session: Session, address: Endpoint, data_dir: Path) -> None:
        self._token = secrets.token_urlsafe(24)
        self._socket = _listen(address)
        self.address = Endpoint(address.host, self._socket.getsockname()[1])
        app = FastAPI(title="Minitorrent", docs_url=None, redoc_url=None, openapi_url=None)
        attach(app, session, data_dir)
        config = uvicorn.Config(
            Guard(app, self._token, _names(self.address)),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    @property
    def link(self) -> str:
        """The address of the page, with the token that opens it."""
        return f"http://{self.address}/?token={self._token}"

    def start(self) -> None:
        """Begin to serve; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Serve no more; at most a few seconds."""
        self._server.should_exit = True
        self._thread.join(_STOP_TIME)
        self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


def _listen(address: Endpoint) -> socket.socket:
    """A socket that listens on a loopback address."""
    if address.host != "localhost" and not _is_loopback(address.host):
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"The page on {address} would be open to other machines; use 127.0.0.1, and reach it "
            "from elsewhere through ssh -L.",
        )
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"The page can't be served on {address}: {error.strerror}; choose another --web.",
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _names(address: Endpoint) -> frozenset[str]:
    """What a browser may call this server in its Host header."""
    hosts = {str(address), f"localhost:{address.port}"}
    return frozenset(hosts)
