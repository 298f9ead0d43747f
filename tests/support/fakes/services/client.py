"""`python -m tests.support.fakes.services.client ARGUMENTS`: the client, on a session in memory."""

from __future__ import annotations

import sys

from client.app import main
from tests.support.fakes.services.session import FakeSession, install

if __name__ == "__main__":
    install(FakeSession())
    sys.exit(main())
