"""The page of this client: served from its start, or when another program asks for its link."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from client.control.protocol import Page as PageLinks
from common.errors import ErrorCode, MinitorrentError
from common.process.installing import install_command
from common.types import Endpoint

if TYPE_CHECKING:
    from client.services.api import SessionApi
    from client.web.server import WebServer

_ANY_FREE_PORT: Final = Endpoint("127.0.0.1", 0)


class Page:
    """Serves the page of a session once, until `close`; see WebServer for the options."""

    def __init__(
        self, session: SessionApi, data_dir: Path, *, is_public: bool, renew_link: bool
    ) -> None:
        self._session = session
        self._data_dir = data_dir
        self._is_public = is_public
        self._renew_link = renew_link
        self._lock = threading.Lock()
        self._server: WebServer | None = None

    def links(self) -> PageLinks:
        """Return the links, after serving the page at a free port if it isn't served yet."""
        server = self._serve(_ANY_FREE_PORT)
        return PageLinks(server.link, server.opening_link())

    def serve(self, address: Endpoint) -> str:
        """Serve the page, unless it is served already, and return its link.

        Raises MinitorrentError: usage without the packages it needs, and see WebServer.
        """
        return self._serve(address).link

    def _serve(self, address: Endpoint) -> WebServer:
        with self._lock:
            if self._server is None:
                self._server = self._start(address)
            return self._server

    def close(self) -> None:
        """Stop serving; takes at most a few seconds."""
        with self._lock:
            if self._server is not None:
                self._server.close()

    def _start(self, address: Endpoint) -> WebServer:
        try:
            from client.web.server import WebServer
        except ModuleNotFoundError as error:  # installed without its dependencies
            command = install_command("nicegui")
            raise MinitorrentError(
                ErrorCode.USAGE, f"The page needs {error.name}, which is missing; type: {command}"
            ) from error
        server = WebServer(
            self._session,
            address,
            self._data_dir,
            is_public=self._is_public,
            renew_link=self._renew_link,
        )
        server.start()
        return server
