"""Which argument a word stands for, in any world of groups, files and paths."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.commands.language.word_order import (
    DownloadWords,
    UploadWords,
    Words,
    all_order,
    begins_with_group,
    download_order,
    has_wildcard,
    is_like_path,
    upload_order,
)


@dataclass(frozen=True)
class World:
    """Groups with their files, and what is on the disk; `own` are the user's groups."""

    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()

    def is_own_group(self, word: str) -> bool:
        return word in self.own

    def is_any_group(self, word: str) -> bool:
        return word in self.groups or word in self.own

    def is_file(self, group: str, word: str) -> bool:
        return any(fnmatchcase(name, word) for name in self.groups.get(group, ()))

    def is_path(self, word: str) -> bool:
        return any(fnmatchcase(path, word) for path in self.paths | self.folders)

    def is_folder(self, word: str) -> bool:
        return word in self.folders


LAB = World(
    groups={
        "lab": frozenset({"a.txt", "b.txt", "c.mkv"}),
        "home": frozenset({"mine.txt", "notes"}),
        "foreign": frozenset(),
    },
    own=frozenset({"lab", "home"}),
    paths=frozenset({"a.txt", "b.txt", "/x/c"}),
    folders=frozenset({"dest", "foreign", "home"}),
)

TOKENS = ("lab", "home", "a.txt", "b.txt", "x", "dest", "*.txt", "?", "/x/y", ".", "~", "dir/")
token = st.sampled_from(TOKENS)
some = st.frozensets(token)
worlds = st.builds(
    World,
    groups=st.dictionaries(token.filter(lambda word: not is_like_path(word)), some),
    own=some,
    paths=some,
    folders=some,
)
lines = st.lists(token, min_size=1, max_size=6).map(tuple)
groups_in_use = st.none() | st.sampled_from(("lab", "home"))


@pytest.mark.parametrize(
    ("line", "in_use", "paths", "group"),
    [
        ("a.txt", None, "a.txt", None),
        ("a.txt lab", None, "a.txt", "lab"),
        ("a.txt b.txt /x/c lab", "home", "a.txt b.txt /x/c", "lab"),
        ("lab a.txt", None, "a.txt", "lab"),
        ("lab a.txt *.txt", "home", "a.txt *.txt", "lab"),
        # The folder `home` is on the disk, too: PATH... GROUP comes first.
        ("a.txt home", "lab", "a.txt", "home"),
        ("lab a.txt home", None, "a.txt home", "lab"),
        ("dest a.txt", "lab", "dest a.txt", None),
        ("a.txt foreign", "lab", "a.txt", "foreign"),  # not shared with lab instead
        ("a.txt b.txt foreign", "lab", "a.txt b.txt", "foreign"),
        # Something is missing.
        ("gone lab", None, "gone", "lab"),
        ("lab gone", None, "gone", "lab"),
        ("gone no-group", None, "gone", "no-group"),
        ("a.txt gone lab", None, "a.txt gone", "lab"),
        ("lab a.txt gone", None, "a.txt gone", "lab"),
        ("lab gone home", None, "lab gone", "home"),
    ],
)
def test_uploads(line: str, in_use: str | None, paths: str, group: str | None) -> None:
    found = upload_order(tuple(line.split()), in_use, LAB)
    assert found == UploadWords(tuple(paths.split()), group)


@pytest.mark.parametrize("line", ["a.txt b.txt no-group", "/x/c lab too many"])
def test_an_upload_without_a_group_makes_no_sense(line: str) -> None:
    assert upload_order(tuple(line.split()), None, LAB) is None
    assert upload_order((*line.split(), "gone"), "home", LAB) is None


@given(lines, groups_in_use, worlds)
def test_an_upload_keeps_all_words(words: Words, in_use: str | None, world: World) -> None:
    found = upload_order(words, in_use, world)
    if found is None:
        assert len(words) > 2
        assert not {words[0], words[-1]} & world.own
        return
    assert found.paths
    assert Counter((*found.paths, *filter(None, [found.group]))) == Counter(words)
    if found.group is None and len(words) > 1:
        assert in_use is not None
        assert all(map(world.is_path, words))
        assert not world.is_any_group(words[-1]), "it would reach other members than those meant"


@given(lines, groups_in_use, worlds)
def test_an_upload_in_the_usual_order_means_what_it_says(
    paths: Words, in_use: str | None, world: World
) -> None:
    world = replace(world, own=world.own | {"lab"}, paths=world.paths | set(paths))
    assert upload_order((*paths, "lab"), in_use, world) == UploadWords(paths, "lab")
    turned = upload_order(("lab", *paths), in_use, world)
    if not (paths[-1] in world.own and world.is_path("lab")):
        assert turned == UploadWords(paths, "lab")


@pytest.mark.parametrize(
    ("line", "in_use", "group", "names", "destination"),
    [
        ("a.txt", "lab", None, "a.txt", None),
        ("lab a.txt", None, "lab", "a.txt", None),
        ("lab a.txt /x", None, "lab", "a.txt", "/x"),
        ("lab a.txt copy.txt", None, "lab", "a.txt", "copy.txt"),
        ("lab a.txt b.txt", None, "lab", "a.txt", "b.txt"),  # as the usage line says
        ("lab a.txt b.txt ./", None, "lab", "a.txt b.txt", "./"),
        ("lab a.txt b.txt .", None, "lab", "a.txt b.txt", "."),
        ("lab a.txt b.txt c.mkv", None, "lab", "a.txt b.txt c.mkv", None),
        ("lab a.txt b.txt dest", None, "lab", "a.txt b.txt", "dest"),
        ("lab a.txt b.txt new", None, "lab", "a.txt b.txt", "new"),
        ("lab a.txt *.mkv", None, "lab", "a.txt *.mkv", None),
        ("lab a.txt *.gone", None, "lab", "a.txt", "*.gone"),
        ("lab *.txt dest", None, "lab", "*.txt", "dest"),
        # With a group in use:
        ("mine.txt dest", "home", None, "mine.txt", "dest"),
        ("mine.txt /x/y", "home", None, "mine.txt", "/x/y"),
        ("lab a.txt", "home", "lab", "a.txt", None),
        ("lab ~", "home", None, "lab", "~"),
        ("lab a.txt ~/x", "home", "lab", "a.txt", "~/x"),
        ("mine.txt notes ~/x", "home", None, "mine.txt notes", "~/x"),
        ("mine.txt notes gone", "home", None, "mine.txt notes", "gone"),
        ("gone a.txt ~/x", "home", "gone", "a.txt", "~/x"),  # no_such_group, as ever
    ],
)
def test_downloads(
    line: str, in_use: str | None, group: str | None, names: str, destination: str | None
) -> None:
    found = download_order(tuple(line.split()), in_use, LAB)
    assert found == DownloadWords(group, tuple(names.split()), destination)


@given(lines, groups_in_use, worlds)
def test_a_download_keeps_all_words_in_order(
    words: Words, in_use: str | None, world: World
) -> None:
    found = download_order(words, in_use, world)
    ends = [found.destination] if found.destination is not None else []
    assert [*filter(None, [found.group]), *found.names, *ends] == list(words)
    assert found.names
    assert found.group is not None or in_use is not None or len(words) == 1
    if is_like_path(words[-1]) and len(words) > 2:
        assert found.destination == words[-1]


@given(token, token, groups_in_use, worlds)
def test_group_name_and_destination_mean_what_they_say(
    name: str, destination: str, in_use: str | None, world: World
) -> None:
    world = replace(world, own=world.own | {"lab"})
    if not has_wildcard(destination):
        expected = DownloadWords("lab", (name,), destination)
        assert download_order(("lab", name, destination), in_use, world) == expected
    if in_use is not None and not world.is_own_group(name) and not has_wildcard(destination):
        expected = DownloadWords(None, (name,), destination)
        assert download_order((name, destination), in_use, world) == expected


@pytest.mark.parametrize(
    ("line", "in_use", "group", "destination"),
    [
        ("", "home", None, None),
        ("lab", None, "lab", None),
        ("lab", "home", "lab", None),
        ("dest", "home", None, "dest"),
        ("home", "lab", "home", None),
        ("foreign", "home", "foreign", None),
        ("~/new", "home", None, "~/new"),
        ("labb", "home", "labb", None),  # no_such_group rather than a folder of that name
        ("lab dest", "home", "lab", "dest"),
        ("lab new", None, "lab", "new"),
    ],
)
def test_downloads_of_all_files(
    line: str, in_use: str | None, group: str | None, destination: str | None
) -> None:
    found = all_order(tuple(line.split()), in_use, LAB)
    assert found == DownloadWords(group, (), destination)


def test_all_files_need_no_names() -> None:
    assert all_order(("lab", "a.txt", "dest"), None, LAB) is None


@pytest.mark.parametrize(
    ("line", "in_use", "expected"),
    [
        ("x y", None, True),
        ("lab mine.txt", "home", True),
        ("mine.txt notes", "home", False),
        ("gone mine.txt", "home", True),
    ],
)
def test_a_group_before_names(line: str, in_use: str | None, expected: bool) -> None:
    words = tuple(line.split())
    assert begins_with_group(words, in_use, LAB.is_own_group, LAB.is_file) is expected
