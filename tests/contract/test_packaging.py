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
    return shlex.split(line.replace("$OPTIONS", "").replace("%S", "/var/lib"))


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
    compose = (PACKAGING / "container/compose.yaml").read_text()
    [lines] = re.findall(r"^    command:\n((?:      - .*\n)+)", compose, re.MULTILINE)
    check_tracker([shlex.split(line)[1] for line in lines.splitlines()])


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
