"""What a second client says before it hands over its commands, and how frames are cut."""

from __future__ import annotations

import argparse
import socket
import time
from pathlib import Path

import pytest

from client.config import ClientConfig
from client.control import hand_over, open_page
from client.control.conversation import cut_to_screen
from client.control.hand_over import differences, find, require_applicable
from client.control.protocol import VERSION, Greeting, encode
from client.control.running_client import RunningClient
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint

HERE, TRACKER = Endpoint("127.0.0.1", 7000), Endpoint("127.0.0.1", 7400)
CONFIG = ClientConfig(HERE, (TRACKER,), Path("/unused"))


def greeting(listen: str = str(HERE), *trackers: str, protocol: int = VERSION) -> Greeting:
    return Greeting(protocol, "0.1.0", 1234, listen, trackers or (str(TRACKER),))


@pytest.mark.parametrize("option", ["web", "web_any", "web_renew", "active"])
def test_options_for_a_start_are_refused(option: str) -> None:
    options = argparse.Namespace(web=None, web_any=False, web_renew=False, active=None)
    require_applicable(options)
    setattr(options, option, 0 if option == "active" else True)
    with pytest.raises(MinitorrentError, match="--" + option.replace("_", "-")) as caught:
        require_applicable(options)
    assert caught.value.code is ErrorCode.USAGE


def test_a_client_that_was_started_otherwise_is_described() -> None:
    assert differences(greeting(), CONFIG) == []
    found = differences(greeting("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"), CONFIG)
    assert found == [
        "it accepts peers at 127.0.0.1:1, not at 127.0.0.1:7000",
        "its trackers are 127.0.0.1:2, 127.0.0.1:3",
    ]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (encode(greeting(protocol=VERSION + 1)), "of another version"),
        (b"", "has ended"),
        (b"220 mail.example ESMTP\n", "sent an unexpected answer"),
        (encode(greeting()).replace(b"1234", b"null"), "sent an unexpected answer"),
    ],
)
def test_what_is_no_client_of_this_version_is_an_error(sent: bytes, said: str) -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(sent)
        there.shutdown(socket.SHUT_WR)
        with pytest.raises(MinitorrentError, match=said):
            RunningClient(here)


def test_a_client_that_is_starting_gets_time(tmp_path: Path) -> None:
    now = time.monotonic()
    assert find(tmp_path, now) is None
    with pytest.raises(MinitorrentError, match="accepts no commands"):
        find(tmp_path, now - hand_over._PATIENCE_WITHOUT_SOCKET)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "client.socket"))
    assert find(tmp_path, now - hand_over._PATIENCE_WITHOUT_SOCKET) is None
    with pytest.raises(MinitorrentError, match="accepts no commands"):
        find(tmp_path, now - hand_over._PATIENCE)


def test_a_page_needs_a_running_client(tmp_path: Path) -> None:
    with pytest.raises(MinitorrentError, match="No client is running") as caught:
        open_page.open_page(tmp_path)
    assert caught.value.code is ErrorCode.FILE_NOT_FOUND


def test_no_browser_is_started_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not open_page.has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert open_page.has_display()


def test_a_frame_fits_on_the_screen() -> None:
    hint = "Redrawn every second; Ctrl-C ends it"
    assert cut_to_screen("1\n2\n3", 5) == ["1", "2", "3", hint]
    assert cut_to_screen("1\n2\n3\n4", 5) == ["1", "2", "and 2 more lines", hint]
