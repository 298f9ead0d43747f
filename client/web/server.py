"""The web server for page and HTTP API, which runs beside the shell or script."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import uvicorn
from fastapi import FastAPI

from client.web.api import make_app
from client.web.guard import Guard
from client.web.late_api import LateApi
from client.web.link import drop_token, load_token, new_token
from client.web.open_codes import OpenCodes
from client.web.page import attach
from client.web.pool import CommandPool
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint

if TYPE_CHECKING:
    from client.services.api import SessionApi

_STOP_TIME = 5.0  # seconds
_MOST_CONNECTIONS = 200

_log = structlog.get_logger()


class PortTakenError(MinitorrentError):
    """Another program is using the page's port."""


class WebServer:
    """Serves one session in its own thread, from `start` to `close`.

    The link stays the same for each `data_dir` unless `renew_link` is set. Raises
    MinitorrentError: usage for an address that other machines can reach, unless `is_public` allows
    it; permission_denied if the address isn't available.
    """

    def __init__(
        self,
        session: SessionApi,
        address: Endpoint,
        data_dir: Path,
        *,
        is_public: bool = False,
        renew_link: bool = False,
    ) -> None:
        _check_address(address, is_public=is_public)
        self._token = load_token(data_dir, renew=renew_link)
        self._codes = OpenCodes()
        run_token = new_token()
        try:
            self._socket = _listen(address)
        except PortTakenError:
            # A browser may have sent the link to the program that has the port.
            drop_token(data_dir)
            raise
        self.address = Endpoint(address.host, self._socket.getsockname()[1])
        self._closing = threading.Event()
        pool = CommandPool(session, self._closing.is_set)
        page = FastAPI(openapi_url=None)
        attach(page, pool, data_dir, run_token)
        app = LateApi(lambda: make_app(pool, _end_program), page)
        # Disable the access log whatever its handlers: it would contain the token.
        logging.getLogger("uvicorn.access").disabled = True
        config = uvicorn.Config(
            Guard(app, self._token, run_token, self.address, self._codes),
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
        """The URL of the page, with its token."""
        return f"http://{self.address}/?token={self._token}"

    def opening_link(self) -> str:
        """Return a URL that opens the page once, and doesn't have its token."""
        return f"http://{self.address}/?open={self._codes.new()}"

    def start(self) -> None:
        """Start serving; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving; takes at most a few seconds."""
        self._closing.set()
        self._server.should_exit = True
        self._thread.join(_STOP_TIME)
        self._socket.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except Exception:  # logged here, because nothing else reports why the thread ended
            _log.error("the web server failed", exc_info=True)


def _end_program() -> None:
    """End the program as SIGTERM does: state is kept, and downloads resume next time."""
    os.kill(os.getpid(), signal.SIGTERM)


def _check_address(address: Endpoint, *, is_public: bool) -> None:
    if not (is_public or address.is_loopback):
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"Other machines could reach the page on {address}; use 127.0.0.1 and connect from "
            "elsewhere through ssh -L, or allow it with --web-any.",
        )


def _listen(address: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        kind = PortTakenError if error.errno == errno.EADDRINUSE else MinitorrentError
        raise kind(
            ErrorCode.PERMISSION_DENIED,
            f"Can't serve the page on {address}: {error.strerror}; choose another --web address.",
        ) from error
