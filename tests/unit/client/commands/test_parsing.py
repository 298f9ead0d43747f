"""Parsing lines into commands: quoting, arity, options, and errors."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.commands.command import Argument, Arguments, Command, Context, Kind
from client.commands.general import EndResult
from client.commands.language.parsing import bind, missing_secrets, nearest, parse
from client.commands.language.words import command_word, quote, split
from client.commands.registry import COMMANDS
from common.errors import ErrorCode, MinitorrentError

words = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1)


def texts(line: str) -> list[str]:
    return [word.text for word in split(line).words]


def values(line: str) -> Arguments:
    invocation = parse(line, COMMANDS)
    assert invocation is not None
    return invocation.arguments


def usage_error(line: str) -> str:
    with pytest.raises(MinitorrentError) as caught:
        parse(line, COMMANDS)
    assert caught.value.code is ErrorCode.USAGE
    return caught.value.message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("   \t ", []),
        ("# only a comment", []),
        ("a b\tc\r\n", ["a", "b", "c"]),
        ("a # b", ["a"]),
        ("file#1.txt", ["file#1.txt"]),
        ("'#' \\# \"#\"", ["#", "#", "#"]),
        ("'a b' c", ["a b", "c"]),
        ('"a \\"b\\" \\\\ \\n"', ['a "b" \\ \\n']),
        ("'a\\'", ["a\\"]),
        ("a\\ b", ["a b"]),
        ("a'b'\"c\"d", ["abcd"]),
        ("''", [""]),
        ("''#", ["#"]),
        ("a\u00a0b \u3000", ["a\u00a0b", "\u3000"]),
    ],
)
def test_words_are_split_like_a_shell(line: str, expected: list[str]) -> None:
    assert texts(line) == expected


@given(st.lists(words, max_size=5))
def test_quoted_words_parse_back(parts: list[str]) -> None:
    assert texts(" ".join(map(quote, parts))) == parts


@given(st.lists(words, max_size=5))
def test_python_quoting_parses_back(parts: list[str]) -> None:
    assert texts(shlex.join(parts)) == parts


@given(st.text(alphabet="ab '\"\\\t"))
def test_agrees_with_shlex_wherever_both_accept(line: str) -> None:
    try:
        expected = shlex.split(line)
    except ValueError:
        assert split(line).open_quote
    else:
        assert texts(line) == expected
        assert not split(line).open_quote


@given(st.text(alphabet="ab '\"\\#-"))
def test_words_have_their_positions(line: str) -> None:
    cut = split(line)
    for word in cut.words:
        assert line[word.start] not in " #"
        assert word.start == 0 or line[word.start - 1] == " "
    if cut.words and cut.ends_in_word:
        assert texts(line[cut.words[-1].start :]) == [cut.words[-1].text]


@pytest.mark.parametrize(
    ("line", "open_quote", "in_word", "in_comment"),
    [
        ("a", "", True, False),
        ("a ", "", False, False),
        ("a 'b", "'", True, False),
        ('a "b\\"', '"', True, False),
        ("a \\", "\\", True, False),
        ("a # b", "", False, True),
        ("", "", False, False),
    ],
)
def test_line_endings(line: str, open_quote: str, in_word: bool, in_comment: bool) -> None:
    cut = split(line)
    assert (cut.open_quote, cut.ends_in_word, cut.ends_in_comment) == (
        open_quote,
        in_word,
        in_comment,
    )


def test_words_are_quoted_only_when_needed() -> None:
    assert quote("film.mkv") == "film.mkv"
    assert quote("two words") == "'two words'"
    assert quote("it's") == '"it\'s"'
    assert quote("back\\slash") == "'back\\slash'"
    assert quote('say "it\'s\\"') == '"say \\"it\'s\\\\\\""'
    assert quote("") == "''"
    assert quote("--open") == "'--open'"


@pytest.mark.parametrize("line", ["", "  ", "# nothing", "\n"])
def test_blank_lines_and_comments_are_ignored(line: str) -> None:
    assert parse(line, COMMANDS) is None


def test_arguments_by_name() -> None:
    assert values("login ann 'a secret'") == Arguments({"USER": "ann", "PASSWORD": "a secret"})
    assert values("whoami") == Arguments({})
    assert values("wait") == Arguments({})
    assert values("wait 60") == Arguments({"SECONDS": "60"})


def test_the_group_can_be_omitted() -> None:
    assert values("peers film.mkv") == Arguments({"NAME": "film.mkv"})
    assert values("peers lab film.mkv") == Arguments({"GROUP": "lab", "NAME": "film.mkv"})
    assert values("pause film.mkv") == Arguments({}, lists={"NAME": ("film.mkv",)})
    assert values("pause lab film.mkv x") == Arguments(
        {"GROUP": "lab"}, lists={"NAME": ("film.mkv", "x")}
    )
    assert values("download_file lab film.mkv /tmp") == Arguments(
        {"GROUP": "lab", "DEST": "/tmp"}, lists={"NAME": ("film.mkv",)}
    )


def test_options_can_be_anywhere() -> None:
    expected = Arguments({"GROUP": "lab", "name": "b c"}, lists={"PATH": ("a",)})
    assert values("upload_file a lab --name 'b c'") == expected
    assert values("upload_file --name='b c' a lab") == expected
    assert values("upload_file a --name 'b c' lab") == expected
    assert values("create_group lab --open") == Arguments({"GROUP": "lab"}, frozenset({"open"}))
    assert values("create_group lab").flags == frozenset()
    assert values("create_group --open lab").flags == {"open"}


def test_words_that_look_like_options() -> None:
    assert values("upload_file '--name'") == Arguments({}, lists={"PATH": ("--name",)})
    assert values("upload_file -- --name lab") == Arguments(
        {"GROUP": "lab"}, lists={"PATH": ("--name",)}
    )
    assert values("upload_file -x") == Arguments({}, lists={"PATH": ("-x",)})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("login ann", "PASSWORD is missing. Usage: login USER PASSWORD"),
        ("login", "USER is missing."),
        ("pause", "NAME is missing. Usage: pause [GROUP] NAME"),
        ("relocate x", "PATH is missing."),
        ("upload_file", "PATH is missing. Usage: upload_file PATH... [GROUP]"),
        ("whoami now", "Too many arguments"),
        ("share a b c d", "quote names that contain spaces"),
        ("upload_file a --nam b", "There is no option --nam."),
        ("upload_file a --name", "The option --name needs a value."),
        ("upload_file a --name=", "The option --name needs a value."),
        ("create_group lab --open=yes", "The option --open takes no value."),
        ("join_group ''", "GROUP is empty."),
        ("login ann 'x", "A quote (') is never closed"),
        ('login ann "x', 'A quote (") is never closed'),
        ("login ann x\\", "The line ends in a backslash"),
        ("login ann \0", "NUL"),
        ("download_file lab f\udcc3\udca4 /tmp", "LC_ALL=C.UTF-8"),
        ("loign ann x", "There is no command 'loign'; did you mean login?"),
        ("list-files", "did you mean list_files?"),
        ("LOGIN ann x", "did you mean login?"),
        ("xyzzy", "There is no such command; help lists all commands."),
    ],
)
def test_usage_errors_say_what_to_do(line: str, said: str) -> None:
    assert said in usage_error(line)


@given(st.text())
def test_any_line_is_a_command_or_a_usage_error(line: str) -> None:
    try:
        parse(line, COMMANDS)
    except MinitorrentError as error:
        assert error.code is ErrorCode.USAGE
    assert isinstance(command_word(line), str)


@pytest.mark.parametrize(
    ("line", "word"), [("login ann", "login"), (" ' lo gin' x", "lo"), ("# x", ""), ("x '", "x")]
)
def test_the_first_word_is_found_in_any_line(line: str, word: str) -> None:
    assert command_word(line) == word


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("login ann", ["PASSWORD"]),
        ("login ann x", []),
        ("login", []),
        ("create_user ann", ["PASSWORD"]),
        ("passwd", ["OLD", "NEW"]),
        ("passwd old", ["NEW"]),
        ("pause", []),
        ("login 'ann", []),
        ("nonsense", []),
        ("", []),
    ],
)
def test_missing_passwords_are_found(line: str, missing: list[str]) -> None:
    assert [argument.name for argument in missing_secrets(line, COMMANDS)] == missing


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("lst_files", ["list_files"]),
        ("qqqqq", []),
        ("list_f", ["list_files"]),
        ("LIST-F", ["list_files"]),
        ("whoa", ["whoami"]),
        ("log", ["login", "logout"]),
        ("r", []),  # too short, and there are many
        ("dir", ["list_files"]),
        ("Bye", ["quit"]),
        ("download", ["download_file"]),
        ("upload", ["upload_file"]),
        ("groups", ["list_groups"]),
    ],
)
def test_the_commands_that_a_word_may_stand_for(word: str, names: list[str]) -> None:
    assert nearest(word, COMMANDS) == names


def test_an_unknown_word_names_what_it_may_stand_for_and_runs_nothing() -> None:
    with pytest.raises(MinitorrentError, match=r"no command 'log'; did you mean login or logout\?"):
        parse("log ann secret", COMMANDS)


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("list_files --help", "list_files"),
        ("ls lab --help", "list_files"),
        ("login ann secret --help", "login"),
        ("help --help", "help"),
    ],
)
def test_the_option_help_explains_the_command(line: str, asked: str) -> None:
    invocation = parse(line, COMMANDS)
    assert invocation is not None
    assert invocation.command.name == "help"
    assert invocation.arguments.text("COMMAND") == asked
    assert missing_secrets(line, COMMANDS) == ()


@pytest.mark.parametrize(
    "line", ["upload_file a --name --help", "use_group -- --help", "use_group '--help'"]
)
def test_a_value_is_no_option_help(line: str) -> None:
    invocation = parse(line, COMMANDS)
    assert invocation is not None
    assert "--help" in invocation.arguments.values.values()


def command_with(*arguments: Argument) -> Command:
    def run(_context: Context, _arguments: Arguments) -> EndResult:
        return EndResult()

    return Command(name="x", topic="t", summary="s", run=run, arguments=arguments)


A = Argument("A", Kind.GROUP, optional=True)
B = Argument("B", Kind.PATH)
C = Argument("C", Kind.SECONDS, optional=True)
MANY = Argument("M", Kind.FILE, many=True)


def test_optional_arguments_fill_from_the_left() -> None:
    command = command_with(A, B, C)
    names = [[argument.name for argument in command.assign(count)] for count in range(4)]
    assert names == [["B"], ["B"], ["A", "B"], ["A", "B", "C"]]
    assert command.usage == "x [A] B [C]"


def test_the_rest_goes_to_the_argument_that_takes_many() -> None:
    command = command_with(A, MANY, C)
    names = ["".join(argument.name for argument in command.assign(count)) for count in range(6)]
    assert names == ["M", "M", "AM", "AMC", "AMMC", "AMMMC"]
    assert command.usage == "x [A] M... [C]"
    optional = command_with(A, Argument("M", Kind.FILE, optional=True, many=True))
    assert optional.usage == "x [A] [M...]"
    assert ["".join(a.name for a in optional.assign(count)) for count in range(4)] == [
        "",
        "A",
        "AM",
        "AMM",
    ]


@given(st.lists(words, max_size=8), st.booleans(), st.booleans())
def test_every_word_reaches_an_argument_in_order(
    parts: list[str], optional: bool, is_last: bool
) -> None:
    many = Argument("M", Kind.FILE, optional=optional, many=True)
    command = command_with(A, B, many) if is_last else command_with(many, B, A)
    line = split(" ".join(map(quote, parts)))
    if len(parts) < command.required:
        with pytest.raises(MinitorrentError, match="is missing"):
            bind(command, line.words)
        return
    arguments = bind(command, line.words)
    read = [text for a in command.arguments for text in arguments.given(a.name)]
    assert read == parts == list(arguments.words)
    assert all(len(arguments.given(a.name)) == 1 for a in command.arguments if not a.optional) or (
        arguments.many("M")
    )
    assert arguments.optional("M") is None


def test_none_of_many_words_is_empty() -> None:
    with pytest.raises(MinitorrentError, match="M is empty"):
        bind(command_with(MANY), split("a ''").words)
    with pytest.raises(MinitorrentError, match="M is missing"):
        bind(command_with(MANY), ())


@pytest.mark.parametrize(
    "line",
    [
        "S3cret",
        "'login ann S3cret'",
        "'login ann S3cret",
        'login "ann S3cret',
        "login ann --S3cret",
        "create_user ann --S3cret=1",
        "passwd --S3cret x y",
        "login ann S3cret S3cret",
        "logn ann S3cret",
        "login ann S3cret\\",
    ],
)
def test_no_error_repeats_a_possible_secret(line: str) -> None:
    with pytest.raises(MinitorrentError) as caught:
        parse(line, COMMANDS)
    assert "S3cret" not in caught.value.message
    assert line == "S3cret" or "S3cret" not in command_word(line)
