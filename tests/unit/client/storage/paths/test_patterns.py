"""Patterns for paths, on a real folder."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.storage.paths.patterns import expand, is_pattern
from common.errors import ErrorCode, MinitorrentError

FILES = """
a.txt b.txt c.mkv .hidden .hid.txt [x].txt x.txt what?.txt two words.txt
sub/a.txt sub/deep/a.txt sub/deep/b.mkv sub/.git/a.txt .conf/a.txt other/c.mkv
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("patterns")
    for name in FILES.replace("two words", "two+words").split():
        path = root / name.replace("+", " ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (root / "link").symlink_to("sub")
    (root / "loop").symlink_to(".")
    (root / "dangling").symlink_to("nowhere")
    return root


@pytest.fixture(autouse=True)
def at_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))


def names(folder: Path, typed: str) -> list[str]:
    return [os.path.relpath(path, folder) for path in expand(typed)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("*.txt", "[x].txt a.txt b.txt two+words.txt what?.txt x.txt"),
        ("?.txt", "a.txt b.txt x.txt"),
        ("[ab].txt", "a.txt b.txt"),
        ("[!ab].txt", "x.txt"),
        ("[x].txt", "[x].txt"),  # it exists under this very name
        ("[x]*", "x.txt"),
        ("[x].t*", "x.txt"),
        ("what?.txt", "what?.txt"),
        ("*.MKV", ""),
        ("*.gone", ""),
        ("gone/*", ""),
        ("a.txt/*", ""),
        (".*", ".conf .hid.txt .hidden"),
        (".*.txt", ".hid.txt"),
        ("d*g", "dangling"),
        ("*/a.txt", "link/a.txt loop/a.txt sub/a.txt"),
        ("sub/*", "sub/a.txt sub/deep"),
        ("./sub//*.txt", "sub/a.txt"),
        ("~/sub/*.txt", "sub/a.txt"),
        ("sub/../*.mkv", "c.mkv"),
        ("s*/deep/*.mkv", "sub/deep/b.mkv"),
        ("*/deep/../a.txt", "link/a.txt sub/a.txt"),
        ("s*/", "sub"),
        ("**/a.txt", "a.txt sub/a.txt sub/deep/a.txt"),
        ("**/**/*.mkv", "c.mkv other/c.mkv sub/deep/b.mkv"),
        ("sub/**", "sub/a.txt sub/deep/a.txt sub/deep/b.mkv"),
        ("**/deep/*", "sub/deep/a.txt sub/deep/b.mkv"),
    ],
)
def test_patterns_match_as_in_a_shell(folder: Path, typed: str, expected: str) -> None:
    wanted = [name.replace("+", " ") for name in expected.split()]
    assert names(folder, typed) == wanted


def test_brackets_stand_for_themselves_where_they_match_nothing(tmp_path: Path) -> None:
    for name in ("[team] one.mkv", "[team] two.mkv", "[team] notes.txt"):
        (tmp_path / name).touch()
    found = expand(f"{tmp_path}/[team] *.mkv")
    assert [path.name for path in found] == ["[team] one.mkv", "[team] two.mkv"]


def test_a_path_without_wildcards_stays_as_it_was_typed() -> None:
    assert expand("~/a.txt") == (Path("~/a.txt"),)
    assert expand("gone") == (Path("gone"),)


def test_an_absolute_pattern(folder: Path) -> None:
    assert expand(f"{folder}/*.mkv") == (folder / "c.mkv",)
    assert Path("/tmp") in expand("/t*")


def test_matches_are_bounded() -> None:
    for limits in ({"most_matches": 5}, {"most_entries": 10}):
        with pytest.raises(MinitorrentError) as raised:
            expand("**/*", **limits)
        assert raised.value.code is ErrorCode.USAGE
    with pytest.raises(MinitorrentError, match="too long"):
        expand("/".join(["*"] * 65))


@pytest.mark.parametrize("typed", ["*\0", "~nobody-such/*", "\udcff*", "x" * 300 + "*"])
def test_what_can_be_no_path_is_refused(typed: str) -> None:
    with pytest.raises(MinitorrentError):
        expand(typed)


def test_an_unreadable_folder_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    (tmp_path / "locked").mkdir(mode=0)
    assert expand(f"{tmp_path}/**/*") == (tmp_path / "locked", tmp_path / "one")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(alphabet="*?[]!a.txsub/-", min_size=1, max_size=8))
def test_python_agrees_in_one_folder(folder: Path, typed: str) -> None:
    if "**" in typed or ".." in typed or "/" in typed or not is_pattern(typed):
        return
    if os.path.lexists(typed):
        return
    escaped = typed.replace("[", "[[]")
    # pathlib's glob would match hidden files, too.
    expected = sorted(glob.glob(typed) or glob.glob(escaped))  # noqa: PTH207 # what ours is compared with
    assert sorted(names(folder, typed)) == expected
