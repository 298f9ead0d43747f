"""A whole client without a prompt: carries out the lines that it reads, and measures itself.

    sign_in NAME | login NAME | create_group GROUP | join GROUP | accept GROUP NAME
    share GROUP FOLDER             every file of a folder
    download GROUP FOLDER NAME...
    limit RATE                     of what it receives, bytes a second
    seeding N | receiving N        wait until so many are
    measure                        see Measured

Each is answered with a line of JSON.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any, Final

from client.assembly.opening import open_session
from client.config import ClientConfig
from client.core.transfers.download_options import DEFAULT_OPTIONS
from client.results.transfers import TransferState
from client.services.session import Session
from client.services.transfer_list import TransferQuery
from common import tracker_info
from common.process.logs import logging_to
from common.types import Endpoint

PASSWORD: Final = "secret123"
_SHARING_AT_ONCE: Final = 4
_LOOKS: Final = 15
_POLL: Final = 0.1


class Client:
    """Carries out commands in a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, command: str, *words: str) -> object:
        """Carry out a command; return something that JSON can express."""
        run: Callable[..., object] = getattr(self, f"do_{command}")
        return run(*words)

    def do_sign_in(self, name: str) -> None:
        self._session.accounts.create(name, PASSWORD)
        self.do_login(name)

    def do_login(self, name: str) -> None:
        self._session.accounts.login(name, PASSWORD)

    def do_create_group(self, group: str) -> None:
        self._session.groups.create(group)

    def do_join(self, group: str) -> None:
        self._session.groups.join(group)

    def do_accept(self, group: str, name: str) -> None:
        self._session.groups.accept_request(group, name)

    def do_share(self, group: str, folder: str) -> None:
        def share(path: Path) -> None:
            self._session.files.upload(path, group)

        with ThreadPoolExecutor(_SHARING_AT_ONCE) as pool:
            list(pool.map(share, sorted(Path(folder).iterdir())))

    def do_download(self, group: str, folder: str, *names: str) -> None:
        for name in names:
            self._session.files.begin(group, name, f"{folder}/", DEFAULT_OPTIONS)

    def do_limit(self, rate: str) -> None:
        self._session.limits.set("down", int(rate))

    def do_seeding(self, number: str) -> None:
        while self._session.overview().seeding < int(number):
            time.sleep(_POLL)

    def do_receiving(self, number: str) -> None:
        while self._receiving() < int(number):
            time.sleep(_POLL)

    def _receiving(self) -> int:
        rows = self._session.overview().downloads
        return sum(row.state is TransferState.DOWNLOADING and row.peers > 0 for row in rows)

    def do_measure(self) -> dict[str, Any]:
        """Return seconds of calls, and what is open."""
        names = (re.sub(r"[\d.:]+", "*", thread.name) for thread in threading.enumerate())
        return {
            "overview": self._timed(self._session.overview),
            "page": self._timed(lambda: self._session.transfers.page(TransferQuery())),
            "threads": threading.active_count(),
            "thread_names": Counter(names),
            "descriptors": len(list(Path("/proc/self/fd").iterdir())),
            "receiving": self._receiving(),
        }

    def _timed(self, call: Callable[[], object]) -> float:
        """Return the median of a call's seconds of processor time in this thread."""
        taken = []
        for _ in range(_LOOKS):
            began = time.thread_time()
            call()
            taken.append(time.thread_time() - began)
        return median(taken)


def main() -> None:
    """Start a client at an address with a TRACKER_INFO file and a data folder; end with the input.

    All downloads run at once.
    """
    address, info, folder = sys.argv[1:]
    trackers = tuple(tracker_info.parse(Path(info).read_text()))
    Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    config = ClientConfig(Endpoint.parse(address), trackers, Path(folder), active=0)
    with logging_to(sys.stderr, "warning"):
        session = open_session(config)
        try:
            client = Client(session)
            for line in sys.stdin:
                print(json.dumps(client.run(*line.split())), flush=True)
        finally:
            session.close()


if __name__ == "__main__":
    main()
