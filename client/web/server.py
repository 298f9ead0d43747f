"""The web server beside the shell or script: page and HTTP API, on this machine's own address."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import signal
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import uvicorn

from client.web.api import make_app
from client.web.guard import Guard
from client.web.link import drop_token, load_token, new_token
from client.web.page import attach
from client.web.pool import CommandPool
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint

if TYPE_CHECKING:
    from client.engine.session import Session

_STOP_TIME = 5.0
_MOST_CONNECTIONS = 200

_log = structlog.get_logger()


class PortTakenError(MinitorrentError):
    """Another program listens at the page's address."""


class WebServer:
    """Serves one session from a thread of its own, from `start` to `close`.

    The link is that of the last run with this `data_dir`, unless `renew_link` asks for a new one.
    Raises MinitorrentError: usage for an address that other machines can reach, unless
    `is_public` says that they may; permission_denied for one that can't be had.
    """

    def __init__(
        self,
        session: Session,
        address: Endpoint,
        data_dir: Path,
        *,
        is_public: bool = False,
        renew_link: bool = False,
    ) -> None:
        _check_address(address, is_public=is_public)
        self._token = load_token(data_dir, renew=renew_link)
        run_token = new_token()
        try:
            self._socket = _listen(address)
        except PortTakenError:
            # A browser that looked for us may have shown the link to whoever has the port.
            drop_token(data_dir)
            raise
        self.address = Endpoint(address.host, self._socket.getsockname()[1])
        self._closing = threading.Event()
        pool = CommandPool(session, self._closing.is_set)
        app = make_app(pool, _end_program)
        attach(app, pool, data_dir, run_token)
        # Whatever handlers somebody sets up: the access log would show the token.
        logging.getLogger("uvicorn.access").disabled = True
        config = uvicorn.Config(
            Guard(app, self._token, run_token, self.address),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
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
        self._closing.set()
        self._server.should_exit = True
        self._thread.join(_STOP_TIME)
        self._socket.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except Exception:  # shown here, or nobody would see why the thread ended
            _log.error("the web server failed", exc_info=True)


def _end_program() -> None:
    """End as a request from outside to end does: state is kept, downloads go on next time."""
    os.kill(os.getpid(), signal.SIGTERM)


def _check_address(address: Endpoint, *, is_public: bool) -> None:
    if not (is_public or address.host == "localhost" or _is_loopback(address.host)):
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"The page on {address} would be open to other machines; use 127.0.0.1, and reach it "
            "from elsewhere through ssh -L, or add --web-any if that is what you want.",
        )


def _listen(address: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        kind = PortTakenError if error.errno == errno.EADDRINUSE else MinitorrentError
        raise kind(
            ErrorCode.PERMISSION_DENIED,
            f"The page can't be served on {address}: {error.strerror}; choose another --web.",
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
