"""What gets installed: a source distribution, and the wheel built from it, without a network."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from common import __version__
from common.types import Endpoint
from tests.support.needs import skip
from tests.support.ports import free_port
from tests.support.programs.processes import ManagedProcess, write_tracker_info

ROOT = Path(__file__).parents[2]
PACKAGES = ("client", "common", "tracker")
NEEDED = (70, 1)
"""The version of setuptools that builds wheels by itself."""

SHARED = {
    "share/bash-completion/completions/minitorrent-tracker.bash",
    "share/bash-completion/completions/minitorrent.bash",
    "share/fish/vendor_completions.d/minitorrent-tracker.fish",
    "share/fish/vendor_completions.d/minitorrent.fish",
    "share/man/man1/minitorrent-tracker.1",
    "share/man/man1/minitorrent.1",
    "share/minitorrent/grafana/minitorrent-tracker.json",
    "share/minitorrent/systemd/system/minitorrent-tracker.service",
    "share/minitorrent/systemd/system/minitorrent.service",
    "share/minitorrent/systemd/user/minitorrent.service",
    "share/minitorrent/tracker_info.txt",
    "share/zsh/site-functions/_minitorrent",
    "share/zsh/site-functions/_minitorrent-tracker",
}
LIMIT = 60.0


def build(what: str, source: Path, destination: Path) -> Path:
    """Build a distribution of a source folder; returns the only file in its new folder."""
    destination.mkdir()
    step = f"from setuptools import build_meta; build_meta.build_{what}({str(destination)!r})"
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", step],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    [built] = destination.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source distribution of a copy, since building writes into its folder."""
    found = metadata.version("setuptools")
    if tuple(map(int, found.split(".")[:2])) < NEEDED:
        skip(f"setuptools {found} can't build a wheel: pip install 'setuptools>=70.1'")
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info", "build", "dist", "adr")
    for name in (*PACKAGES, "docs", "packaging"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, source)
    with tarfile.open(build("sdist", source, folder / "sdist")) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"minitorrent-{__version__}"


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """The unpacked wheel."""
    with zipfile.ZipFile(build("wheel", sdist, sdist.parent / "wheel")) as archive:
        archive.extractall(sdist.parent / "installed")
    return sdist.parent / "installed"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_wheel_has_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    expected = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".po", ".pot"}
    }
    about, data = f"minitorrent-{__version__}.dist-info", f"minitorrent-{__version__}.data"
    found = {name for name in files(wheel) if name.partition("/")[0] not in {about, data}}
    assert found == expected
    assert any(name.endswith(".mo") for name in found)


def test_the_wheel_has_man_pages_completions_units_and_a_sample(wheel: Path) -> None:
    installed = wheel / f"minitorrent-{__version__}.data/data"
    assert files(installed) == SHARED
    assert all(stat.S_IMODE((installed / name).stat().st_mode) & 0o133 == 0 for name in SHARED)


def test_the_licence_is_in_both(wheel: Path, sdist: Path) -> None:
    licence = (ROOT / "LICENSE").read_text()
    assert (sdist / "LICENSE").read_text() == licence
    [copied] = (wheel / f"minitorrent-{__version__}.dist-info").rglob("LICENSE")
    assert copied.read_text() == licence


def test_the_wheel_works_outside_the_repository(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(wheel))
    where = "import client, common, tracker; print(client.__path__, common.__path__)"
    said = subprocess.check_output([sys.executable, "-c", where], text=True, timeout=LIMIT)
    assert str(wheel) in said
    assert str(ROOT) not in said
    info = write_tracker_info(tmp_path / "tracker_info.txt", [Endpoint("127.0.0.1", 0)])
    # Not started warm: those would be this repository's.
    python = [sys.executable, "-u", "-m"]
    with ManagedProcess([*python, "tracker", str(info), "1", "--data-dir", "t"]) as tracker:
        line = tracker.output.next(LIMIT) or tracker.story()
        ready = re.fullmatch(r"tracker 1 ready on (\S+) .*", line)
        assert ready, line
        write_tracker_info(info, [Endpoint.parse(ready[1])])
        listen = f"127.0.0.1:{free_port()}"
        options = ["--data-dir", "c", "--web", "127.0.0.1:0", "--json", "-c", "doctor"]
        with ManagedProcess([*python, "client", listen, str(info), *options]) as client:
            assert '"ok": true' in (client.output.next(LIMIT) or client.story())
            assert any(line.startswith("page at http://") for line in client.errors.all)


PIP = re.compile(r"(?:pip|pipx) (?:install|inject)[^\n`]*?['\" ]minitorrent\[")


@pytest.mark.parametrize("name", [*PACKAGES, "docs", "packaging", "README.md"])
def test_nothing_tells_to_install_what_no_index_has(name: str) -> None:
    """Minitorrent itself is installed from its folder or a file."""
    paths = [ROOT / name] if name.endswith(".md") else (ROOT / name).rglob("*")
    texts = {".py", ".md", ".service", ".yaml", ".1"}
    for path in paths:
        if path.suffix in texts:
            assert not PIP.search(path.read_text(encoding="utf-8")), path
