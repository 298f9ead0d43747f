"""Tab completion, by the text before the cursor."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from client.commands.language.parsing import parse
from client.commands.language.words import split
from client.commands.registry import COMMANDS
from client.core.settings import SETTINGS
from client.shell.completion import CommandCompleter, Suggestion, suggestions
from client.shell.names import _MOST_PATHS, SessionNames
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.rows import download
from tests.support.fakes.services.session import FakeSession


def offered(text: str, session: FakeSession | None = None) -> list[Suggestion]:
    return suggestions(text, COMMANDS, SessionNames(session or logged_in()))


def logged_in(group: str | None = None) -> FakeSession:
    session = FakeSession()
    session.user, session.group = "ann", group
    return session


def names(text: str, session: FakeSession | None = None) -> list[str]:
    return [suggestion.shown for suggestion in offered(text, session)]


def test_commands_are_suggested_with_their_help() -> None:
    assert names("") == list(COMMANDS)
    assert names("  ") == list(COMMANDS)
    assert names("log") == ["login", "logout"]
    assert offered("log")[1] == Suggestion("logout ", 0, "logout", COMMANDS["logout"].summary)
    assert names("LOGO") == ["logout"]
    assert names("_files") == ["list_files"]
    assert names("zzz") == []
    assert names("# log") == []
    assert names("login # a") == []


def test_short_forms_are_suggested_once_something_is_typed() -> None:
    assert names("kic") == ["kick"]
    assert offered("kic")[0].help == "remove_member: remove a member from a group (admins)"
    assert names("ls ") == ["lab"]
    assert names("kick lab ") == ["ann", "bob"]
    assert "lab" in names("get l")
    assert names("get two", logged_in("lab")) == ["two words.txt"]
    assert names("get lab two") == ["two words.txt"]
    assert names("get nowhere two") == []
    assert names("join st") == ["studio"]
    assert names("join studio ") == []
    assert names("get --r") == ["--resume"]


def test_arguments_of_an_unknown_command() -> None:
    assert names("nonsense ") == []


def test_matching_groups() -> None:
    assert names("join_group ") == ["studio"]
    assert names("use_group ") == ["lab"]
    assert names("use_group l") == ["lab"]
    assert names("use_group lab ") == []
    assert offered("use_group ")[0].help == "2 members, owner ann"


def test_users_of_the_named_group() -> None:
    session = logged_in()
    assert names("promote ", session) == ["lab"]
    assert names("promote lab ", session) == ["ann", "bob"]
    assert names("accept_request lab ", session) == ["eve"]
    assert names("set_role lab bob ", session) == ["admin", "uploader", "member", "reader"]
    assert names("set_upload lab ", session) == ["members", "uploaders"]
    assert ("list_members", "lab", 100) in session.calls


def test_the_default_group_comes_first() -> None:
    session = logged_in("lab")
    session.rows = [download("film.mkv"), download("other.mkv", group="another")]
    assert names("promote ", session) == ["ann", "bob", "lab"]
    assert names("promote lab ", session) == ["ann", "bob"]
    assert names("promote bob ", session) == []
    assert names("cancel ", session) == ["film.mkv", "lab"]
    assert names("pause ", session) == ["film.mkv", "notes.txt", "lab"]
    assert names("peers lab ", session) == ["film.mkv", "notes.txt"]
    assert names("stop_share ", session) == ["notes.txt", "lab"]
    assert names("list_files ", session) == ["lab"]
    assert names("limit up 1M ", session) == ["film.mkv", "notes.txt", "lab"]
    assert names("limit up 1M lab ", session) == ["film.mkv", "notes.txt"]
    assert names("limit up 1M film.mkv ", session) == []


def test_settings_and_their_values(tmp_path: Path) -> None:
    assert names("settings ") == list(SETTINGS)
    assert names("settings lang") == ["language"]
    assert names("settings language ") == ["auto", "en", "de"]
    assert names("settings language d") == ["de"]
    assert names("settings active ") == []
    assert names("settings nonsense ") == []
    assert "file_added" in names("settings hidden_notices ")
    (tmp_path / "films").mkdir()
    assert names(f"settings download_folder {tmp_path}/fi") == [f"{tmp_path}/films/"]


def test_directions_of_a_limit() -> None:
    assert names("limit ") == ["up", "down"]
    assert names("limit d") == ["down"]
    assert names("limit up ") == []
    assert names("limit up 1M ") == ["lab"]


def test_files_are_quoted_when_needed() -> None:
    found = offered("download_file lab ")
    assert [suggestion.shown for suggestion in found] == ["film.mkv", "two words.txt", "it's.txt"]
    assert [suggestion.text for suggestion in found] == [
        "film.mkv ",
        "'two words.txt' ",
        '"it\'s.txt" ',
    ]
    assert found[0].help == "2.0 GiB, from bob"
    for typed in ("two", "'two w", "two\\ w", '"two words.txt', "two w", "TWO WORDS.t"):
        start = len("download_file lab ")
        said = "" if typed[0] in "'\"" else ", in quotes"
        assert offered(f"download_file lab {typed}")[:1] == [
            Suggestion("'two words.txt' ", start, "two words.txt", f"2.0 GiB, from bob{said}")
        ]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("my", "my old file.txt"),
        ("my ", "my old file.txt"),
        ("my old", "my old file.txt"),
        ("my old f", "my old file.txt"),
        ("it's h", "it's here"),
        ("it's", "it's here"),
        ("--w", "--weird.bin"),
        ("back\\s", "back\\slash"),
        ("back\\\\s", "back\\slash"),
        ("grö", "gro\u0308ße.txt"),
        ("say", 'say "hi" now'),
        ("c#", "c# notes"),
        ("c# n", "c# notes"),
    ],
)
def test_names_are_found_by_their_beginning_without_quotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("my old file.txt", "it's here", "--weird.bin", "back\\slash", "c# notes"):
        (tmp_path / file).touch()
    (tmp_path / "gro\u0308ße.txt").touch()
    (tmp_path / 'say "hi" now').touch()
    found = offered(f"upload_file {typed}")
    if not typed.endswith(" "):  # then the next word may follow as well
        assert [one.shown for one in found if one.shown != "lab"] == [name]
    words = split(f"upload_file {typed}"[: found[0].start] + found[0].text).words
    assert [word.text for word in words] == ["upload_file", name]


def test_a_folder_with_blanks_is_entered_without_quotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my folder").mkdir()
    (tmp_path / "my folder" / "a b.txt").touch()
    assert offered("upload_file my fo")[0] == Suggestion(
        "'my folder/", 12, "my folder/", "folder, in quotes"
    )
    assert offered("upload_file my folder/a")[0].text == "'my folder/a b.txt' "


def test_names_with_blanks_after_others_and_after_options() -> None:
    session = logged_in("lab")
    session.rows = [download("my old film.mkv"), download("my.mkv"), download("other.mkv")]
    assert names("pause other.mkv my old", session)[0] == "my old film.mkv"
    assert names("cancel --yes my ol", session)[0] == "my old film.mkv"
    assert [one.start for one in offered("pause my o", session)] == [6, 9]
    assert names("pause my o", session) == ["my old film.mkv", "other.mkv"]


def test_destination_after_the_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for line in ("download_file lab film.mkv ", "get m.torrent "):
        assert names(f"{line}{tmp_path}/s") == [f"{tmp_path}/sub/"]
    assert names(f"download_file film.mkv {tmp_path}/s", logged_in("lab")) == [f"{tmp_path}/sub/"]


def test_several_files_and_then_a_destination(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    assert names("download_file lab film.mkv ") == ["two words.txt", "it's.txt", "sub/"]
    assert names("download_file lab film.mkv two") == ["two words.txt"]
    assert names("download_file film.mkv 'two words.txt' ", logged_in("lab")) == [
        "it's.txt",
        "sub/",
    ]
    assert names("pause lab film.mkv notes.txt ") == []
    assert names("stop_share notes.txt ", logged_in("lab")) == []


def test_several_paths_with_the_group_at_either_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt", "label"):
        (tmp_path / name).touch()
    assert sorted(names("upload_file ")) == ["a.txt", "b.txt", "label"]
    assert names("upload_file la") == ["lab", "label"]
    assert sorted(names("upload_file lab ")) == ["a.txt", "b.txt", "label"]
    assert sorted(names("upload_file a.txt ")) == ["b.txt", "lab", "label"]
    assert names("upload_file a.txt b.txt la") == ["lab", "label"]
    assert names("upload_file a.txt b.txt lab ") == []


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my folder").mkdir()
    (tmp_path / "my folder" / "a b.txt").write_bytes(b"xy")
    (tmp_path / "plain").mkdir()
    (tmp_path / ".hidden").touch()
    (tmp_path / "bad\nname").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    assert sorted(names("upload_file ")) == ["dangling", "my folder/", "plain/"]
    assert names("upload_file .") == [".hidden"]
    assert offered("upload_file pl") == [Suggestion("plain/", 12, "plain/", "folder")]
    assert offered("upload_file my")[0].text == "'my folder/"
    assert offered("upload_file 'my folder/") == [
        Suggestion("'my folder/a b.txt' ", 12, "my folder/a b.txt", "2 B")
    ]
    assert names("upload_file ~/pl") == ["~/plain/"]
    assert names("upload_file nowhere/") == []
    assert names("upload_file nul\0/") == []
    assert names("upload_file ~nobody-such/") == []
    assert names(f"upload_file {'x' * 300}/") == []


def test_paths_of_a_huge_folder_are_cut(tmp_path: Path) -> None:
    numbers = range(1000, 1000 + _MOST_PATHS + 9)
    for number in numbers:
        (tmp_path / str(number)).touch()
    assert len(names(f"upload_file {tmp_path}/")) == _MOST_PATHS
    for number in numbers[-9:]:  # the word being typed is still among them
        assert names(f"upload_file {tmp_path}/{number}") == [f"{tmp_path}/{number}"]
    hasty = SessionNames(logged_in(), most_entries=2)
    assert len(hasty.paths(f"{tmp_path}/")) == 2


def test_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert names("upload_file a --") == ["--name", "--skip-unsharable"]
    assert offered("create_group x --o")[0].text == "--open "
    assert names("upload_file a --name ") == []
    assert names("upload_file a --name b ") == ["lab"]
    assert names("upload_file a --name=b ") == ["lab"]
    assert names("create_group --open ") == []


def test_values_of_options() -> None:
    assert names("show_downloads --state ")[:2] == ["running", "checking"]
    assert names("show_downloads --state running,pau") == ["running,paused"]
    assert names("list_files --sort s") == ["seeders", "size"]


def test_words_without_suggestions() -> None:
    assert names("login ") == []
    assert names("wait ") == []
    assert names("whoami ") == []
    assert names("help logi") == ["login"]


def test_lookups_are_remembered_for_a_few_seconds() -> None:
    session = logged_in()
    now = [0.0]
    source = SessionNames(session, clock=lambda: now[0])
    for at, asked in ((0.0, 1), (4.9, 1), (5.0, 2), (9.0, 2)):
        now[0] = at
        assert [name.text for name in source.members("lab", "a")] == ["ann", "bob"]
        assert session.calls.count(("list_members", "lab", 100)) == asked
    source.forget()
    source.members("lab", "")
    assert session.calls.count(("list_members", "lab", 100)) == 3


def test_of_a_long_list_only_matches_are_requested() -> None:
    session = logged_in("lab")
    session.files.more = [f"take {number:05}.wav" for number in range(10_000)]
    session.groups.more = [f"class{number:05}" for number in range(10_000)]
    assert names("magnet lab take 0123", session) == [
        f"take 0123{number}.wav" for number in range(10)
    ]
    assert names("download_file lab 'TAKE 0123", session)[:2] == [
        "take 01230.wav",
        "take 01231.wav",
    ]
    assert names("download_file lab 9999.wav", session) == ["take 09999.wav"]
    assert names("join_group class0999", session) == [f"class0999{number}" for number in range(10)]
    assert names("list_members lab ", session) == []
    assert len(names("download_file lab ", session)) == 100
    listed = [call for call in session.calls if str(call[0]).startswith("list_")]
    assert {call[-1] for call in listed} == {100}
    assert len(listed) < 20


def test_failing_lookups_suggest_nothing() -> None:
    session = logged_in("lab")
    session.failure = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "No tracker answers.")
    for command in ("use_group ", "promote ", "accept_request ", "download_file ", "peers "):
        assert names(command, session) == []


@given(st.text(alphabet="abcl -'\"\\#"))
def test_a_completion_is_always_one_word(text: str) -> None:
    for prefix in ("", "download_file lab "):
        for suggestion in offered(prefix + text):
            completed = (prefix + text)[: suggestion.start] + suggestion.text
            words = split(completed).words
            assert words[-1].text == suggestion.shown


def test_completions_for_prompt_toolkit() -> None:
    completer = CommandCompleter(COMMANDS, SessionNames(logged_in()))
    found = list(completer.get_completions(Document("use_group l"), CompleteEvent()))
    assert [(c.text, c.start_position, c.display_text, c.display_meta_text) for c in found] == [
        ("lab ", -1, "lab", "2 members, owner ann")
    ]
    assert parse(f"use_group {found[0].text}", COMMANDS) is not None
