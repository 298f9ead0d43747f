"""Units, container files and samples call the programs with options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from client.command_line import argument_parser
from common import tracker_info
from tracker.command_line import read_config

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
SAMPLE = PACKAGING / "tracker_info.txt"
HTTP_PORT = 7401
"""The port that the container's health check asks."""


def words_after(path: Path, program: str) -> list[str]:
    """Return the arguments with which a unit starts a program."""
    text = path.read_text().replace("\\\n", " ")
    [line] = re.findall(rf"^ExecStart=\S*/{program} (.*)$", text, re.MULTILINE)
    return shlex.split(
        line.replace("$OPTIONS", "").replace("$NUMBER", "1").replace("%S", "/var/lib")
    )


def check_tracker(words: list[str]) -> None:
    """Parse a tracker's arguments, with the sample in the place of its information file."""
    config = read_config([str(SAMPLE) if word.endswith(".txt") else word for word in words])
    assert config.listen is not None
    assert (config.listen.host, config.http_port) == ("::", HTTP_PORT)


def test_the_sample_lists_one_tracker() -> None:
    assert len(tracker_info.parse(SAMPLE.read_text())) == 1


def test_the_trackers_unit() -> None:
    check_tracker(
        words_after(PACKAGING / "systemd/system/minitorrent-tracker.service", "minitorrent-tracker")
    )


@pytest.mark.parametrize("kind", ["system", "user"])
def test_the_clients_units(kind: str) -> None:
    words = words_after(PACKAGING / f"systemd/{kind}/minitorrent.service", "minitorrent")
    assert argument_parser().parse_args(words).stay


def test_the_containers_commands() -> None:
    containerfile = (PACKAGING / "container/Containerfile").read_text()
    [command] = re.findall(r"^CMD \[(.*)\]$", containerfile, re.MULTILINE)
    check_tracker(shlex.split(command.replace(",", " ")))
    assert f"127.0.0.1:{HTTP_PORT}/health" in containerfile


def test_the_composed_trackers(tmp_path: Path) -> None:
    """Two of one file, which differ in their number only; the rest is in their environment."""
    compose = (PACKAGING / "container/compose.yaml").read_text()
    environ = dict(
        re.findall(r'^    (MINITORRENT_TRACKER_\w+): "?([^"\n]*)"?$', compose, re.MULTILINE)
    )
    info = tmp_path / "tracker_info.txt"
    info.write_text("tracker.example.org\n7400\ntracker.example.org\n7402\n")
    commands = re.findall(r"^    command: \[(.*)\]$", compose, re.MULTILINE)
    found = [read_config([str(info), shlex.split(words)[1]], environ) for words in commands]
    assert [config.number for config in found] == [1, 2]
    assert {(str(config.listen), str(config.data_dir)) for config in found} == {
        (f"[::]:{config.address.port}", "/data") for config in found
    }
    assert all(config.database.startswith("postgresql://tracker@127.0.0.1:") for config in found)
    assert f"127.0.0.1:{found[1].http_port}/health" in compose


def test_the_image_gets_every_file_that_the_installation_needs() -> None:
    """An image is built from what .dockerignore lets through."""
    kept = set(re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    installed = re.findall(
        r"^    ((?:docs|packaging)/\S+)$", (ROOT / "setup.cfg").read_text(), re.MULTILINE
    )
    assert installed
    needed = {
        *installed,
        "client/x",
        "common/x",
        "tracker/x",
        "setup.cfg",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    }
    for name in needed:
        assert any(name == path or name.startswith(f"{path}/") for path in kept), name


def test_every_file_that_the_guide_names_exists() -> None:
    text = (ROOT / "docs/home-and-server.md").read_text()
    links = re.findall(r"\]\((?!http|#)([^)#]+)", text)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    anchors = re.findall(r"\]\(#([^)]+)\)", text)
    headings = {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    assert set(anchors) <= headings
