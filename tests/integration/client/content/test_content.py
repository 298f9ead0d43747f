"""Content of every shape arrives identical."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.geometry import choose_piece_length
from tests.integration.client.conftest import both_modes
from tests.integration.client.team import GROUP, Team
from tests.support.content import make_file, make_sparse_file, make_tree, sha256

PIECE = choose_piece_length(1)
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def arrives(team: Team, content: Path, timeout: float = 30.0) -> Path:
    """Share something and download it; where the copy is, once it is known to be right."""
    ann, bob = team.member("ann"), team.member("bob")
    copy = bob.fetch(team.share(ann, content), timeout)
    assert copy.name == content.name
    assert sha256(copy) == sha256(content)
    return copy


@both_modes
def test_files_of_every_size_around_a_piece(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    for size in (0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 5 * PIECE - 7):
        content = make_file(tmp_path / f"{size} bytes", size, seed=size)
        copy = bob.fetch(team.share(ann, content))
        assert copy.read_bytes() == content.read_bytes(), size
    sizes = {row.name: row.size for row in bob.session.files.list(GROUP).files}
    assert sizes["0 bytes"] == 0
    assert len(sizes) == 7


@pytest.mark.parametrize(
    "name", ["with some spaces.txt", "Übergrößenträger – 日本語 😀.bin", "-rf", "'\"$(true)`;&|"]
)
def test_difficult_names(team: Team, tmp_path: Path, name: str) -> None:
    arrives(team, make_file(tmp_path / name, 40 * KIB))


@both_modes
def test_a_folder_of_500_files(team: Team, tmp_path: Path) -> None:
    sizes = {
        f"part {number % 7}/{'deep/' * (number % 4)}file {number}": number * 97 % 9000
        for number in range(500)
    }
    sizes["part 0/empty"] = sizes["another empty"] = 0
    content = make_tree(tmp_path / "folder of many", sizes)
    copy = arrives(team, content)
    assert sum(1 for path in copy.rglob("*") if path.is_file()) == 502
    assert (copy / "another empty").stat().st_size == 0


def test_a_folder_of_empty_files_only(team: Team, tmp_path: Path) -> None:
    copy = arrives(team, make_tree(tmp_path / "hollow", {"a": 0, "b/c": 0}))
    assert sorted(path.name for path in copy.rglob("*")) == ["a", "b", "c"]


@pytest.mark.parametrize("size", [GIB // 4, pytest.param(GIB, marks=pytest.mark.soak)])
def test_a_large_sparse_file(team: Team, tmp_path: Path, size: int) -> None:
    arrives(team, make_sparse_file(tmp_path / "sparse", size), timeout=60.0)


@pytest.mark.soak
def test_a_gibibyte_of_random_bytes(team: Team, tmp_path: Path) -> None:
    arrives(team, make_file(tmp_path / "random", GIB), timeout=90.0)
