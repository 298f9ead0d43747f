"""A running group whose members sit in different places of a small internet."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from common.types import Endpoint
from tests.support.closing import Closing
from tests.support.network.internet import Host, Internet, small_internet
from tests.support.programs.lab import Lab
from tests.support.programs.processes import ClientProcess


class ScatteredLab(Closing):
    """A lab with its tracker at the internet's hub, over IPv4 and IPv6.

    Members accept peers at all addresses of their computer. `options` are the tracker's.
    """

    def __init__(self, folder: Path, *options: str, is_open: bool = False) -> None:
        self.folder = folder
        self._options = options
        self._is_open = is_open
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self.internet: Internet = undo.enter_context(small_internet(self.folder / "internet"))
            hub = self.internet.hub
            with hub.entered():
                lab = Lab(
                    self.folder,
                    hub.address,
                    *("--listen", "::", *self._options),
                    is_open=self._is_open,
                )
                self.lab = undo.enter_context(lab)
            self._stack = undo.pop_all()
        return self

    def close(self) -> None:
        """End the lab and its internet."""
        self._stack.close()

    def member(self, name: str, host: Host, *options: str) -> ClientProcess:
        """Start a member's client on this computer."""
        port, hub = self.lab.tracker.address.port, self.internet.hub
        self.lab.trackers = [Endpoint(one, port) for one in (hub.ipv4, hub.ipv6) if one]
        with host.entered():
            everywhere = "::" if host.ipv4 is None else "0.0.0.0"
            return self.lab.member(name, everywhere, *options)
