"""An in-memory session without network or disk, for tests of the shell.

It knows ann's small world: the group lab with bob in it and eve asking to be let in, and the
file film.mkv. `python -m tests.support.fakes.services.client ARGUMENTS` runs the whole client on
it.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable

from client.config import ClientConfig
from client.results.overview import Overview
from client.services.api import SessionApi
from tests.support.fakes.services.accounts import FakeAccounts
from tests.support.fakes.services.diagnostics import FakeDiagnostics
from tests.support.fakes.services.doctor import FakeDoctor
from tests.support.fakes.services.files import FakeFiles
from tests.support.fakes.services.groups import FakeGroups
from tests.support.fakes.services.invitations import FakeInvitations
from tests.support.fakes.services.limits import FakeLimits
from tests.support.fakes.services.metainfo import FakeMetainfo
from tests.support.fakes.services.notices import FakeNotices
from tests.support.fakes.services.settings import FakeSettings
from tests.support.fakes.services.state import FakeState
from tests.support.fakes.services.trackers import FakeTrackers
from tests.support.fakes.services.transfers import FakeTransfers


class FakeSession(FakeState):
    """`client.services.session.Session` as the shell sees it; `calls` lists what was called."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts = FakeAccounts(self)
        self.groups = FakeGroups(self)
        self.invitations = FakeInvitations(self)
        self.files = FakeFiles(self)
        self.metainfo = FakeMetainfo(self)
        self.transfers = FakeTransfers(self)
        self.limits = FakeLimits(self)
        self.settings = FakeSettings(self)
        self.notices = FakeNotices(self)
        self.trackers = FakeTrackers(self)
        self.diagnostics = FakeDiagnostics(self)
        self.doctor = FakeDoctor(self)
        self.reached = True
        self.resuming: str | None = None
        self.closed = False

    def close(self) -> None:
        self.closed = True

    @property
    def tracker_was_reached(self) -> bool:
        return self.reached

    def overview(self) -> Overview:
        return Overview(
            user=self.user,
            group=self.group,
            tracker="connected" if self.reached else "unreachable",
            down_rate=sum(row.down_rate for row in self.rows),
            up_rate=3.0 * (1 << 20) if self.user else 0.0,
            downloads=self.rows,
            seeding=3,
            pending_requests=1,
            resuming=self.resuming,
        )


def install(session: FakeSession) -> None:
    """Let the client open this session, whatever its configuration."""
    install_opening(lambda _: session)


def install_opening(open_session: Callable[[ClientConfig], SessionApi]) -> None:
    """Let the client open its session with this function."""
    build = types.ModuleType("client.assembly.opening")
    build.open_session = open_session  # type: ignore[attr-defined] # it is made here
    sys.modules[build.__name__] = build
