"""Error codes that no other contract test covers, each from a command that can return it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.commands.command import COMMON_ERRORS
from client.commands.registry import COMMANDS
from common.errors import ErrorCode
from tests.contract.sharing import share
from tests.support.disk import small_disk
from tests.support.programs.processes import ClientProcess, TrackerProcess

IMPATIENT = """
import sys
from client.app import main
from client.config import Timing
sys.exit(main(timing=Timing(wait_without_peers=0.5)))
"""
"""The client as it is, except for the ten minutes that `wait` continues without peers."""


@pytest.fixture
def metainfo(ann: ClientProcess, shared: Path, group: str, tmp_path: Path) -> str:
    """Return the metainfo file of ann's share."""
    path = tmp_path / "shared.torrent"
    ann.ok("share", str(shared), str(path), group)
    return str(path)


@pytest.fixture
def loop(tmp_path: Path) -> str:
    """Create a symbolic link to itself."""
    path = tmp_path / "loop"
    path.symlink_to(path)
    return str(path)


def gives(client: ClientProcess, code: str, *command: str) -> str:
    """Return the message of a command that fails with a code, which its help lists."""
    assert ErrorCode(code) in (*COMMANDS[command[0]].errors, *COMMON_ERRORS)
    return client.fails(code, *command)


def test_audit(eve: ClientProcess, group: str) -> None:
    gives(eve, "no_such_group", "audit", "nowhere")
    gives(eve, "not_member", "audit", group)


def test_export_credentials(
    ann: ClientProcess, eve: ClientProcess, shared: Path, group: str, tmp_path: Path
) -> None:
    folder = str(tmp_path / "credentials")
    gives(eve, "no_such_group", "export_credentials", "nowhere", folder)
    gives(eve, "not_member", "export_credentials", group, folder)
    gives(ann, "file_not_found", "export_credentials", group, str(shared / "below"))
    gives(ann, "file_exists", "export_credentials", group, str(shared))
    gives(ann, "permission_denied", "export_credentials", group, "/sys/credentials")


def test_share(ann: ClientProcess, shared: Path, group: str, tmp_path: Path, loop: str) -> None:
    metainfo = str(tmp_path / "a.torrent")
    other = tmp_path / "other" / shared.name
    other.parent.mkdir()
    other.write_text("other content")
    gives(ann, "no_such_group", "share", str(shared), metainfo, "nowhere")
    gives(ann, "name_taken", "share", str(other), metainfo, group)
    gives(ann, "permission_denied", "share", str(shared), "/sys/a.torrent", group)
    gives(ann, "permission_denied", "share", loop, metainfo, group)
    gives(ann, "permission_denied", "upload_file", loop, group)
    (tmp_path / "here" / f"{shared.name}.torrent").mkdir(parents=True)
    gives(ann, "file_exists", "share", str(shared), str(tmp_path / "here"), group)


def test_get(bob: ClientProcess, shared: Path, metainfo: str, tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / shared.name).write_text("other content")
    gives(bob, "file_exists", "get", metainfo, str(tmp_path / "copies"))


def test_a_read_only_disk(
    bob: ClientProcess, shared: Path, metainfo: str, group: str, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as folder:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        gives(bob, "permission_denied", "download_file", group, shared.name, str(folder))
        gives(bob, "permission_denied", "get", metainfo, str(folder))


def test_remove_metainfo_of_a_foreign_group(eve: ClientProcess, metainfo: str) -> None:
    gives(eve, "not_member", "remove", metainfo)


@pytest.fixture
def impatient(tracker: TrackerProcess, tmp_path: Path) -> Iterator[ClientProcess]:
    """Start a client that waits half a second for a peer."""
    client = ClientProcess(tmp_path / "impatient", [tracker])
    client.command[1:3] = ["-c", IMPATIENT]
    with client:
        yield client


def test_no_peer_to_download_from(
    ann: ClientProcess, impatient: ClientProcess, group: str, tmp_path: Path
) -> None:
    share(ann, group, tmp_path / "file.bin")
    ann.ok("pause", group, "file.bin")
    impatient.sign_in("impatient")
    impatient.join(group, ann)
    impatient.ok("download_file", group, "file.bin", f"{tmp_path}/copies/")
    assert "online" in gives(impatient, "no_peers", "wait")
    assert impatient.transfer(group, "file.bin")["state"] == "downloading"
    ann.ok("resume", group, "file.bin")
    impatient.wait_complete(group, "file.bin")


def test_no_peer_that_knows_a_magnet_link(bob: ClientProcess, tmp_path: Path) -> None:
    link = f"magnet:?xt=urn:btih:{'ab' * 20}&x.pe=127.0.0.1:1"
    assert "ask for the metainfo file" in gives(bob, "no_peers", "get", link, str(tmp_path))


def test_too_many_old_passwords(nobody: ClientProcess) -> None:
    nobody.ok("create_user forgetful secret123")
    nobody.ok("login forgetful secret123")
    codes: list[str] = []
    while "too_many_attempts" not in codes and len(codes) < 30:
        codes.append(nobody.run("passwd wrong newsecret")["error"]["code"])
    assert codes[-1] == "too_many_attempts"
    assert set(codes[:-1]) == {"bad_credentials"}
    gives(nobody, "too_many_attempts", "passwd", "secret123", "newsecret")
    nobody.ok("logout")
