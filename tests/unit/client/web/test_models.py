"""Requests and responses of the HTTP API match its description."""

from __future__ import annotations

from typing import Any

import pytest

from client.commands.command import Argument, Arguments, Command, Context, Kind
from client.commands.general import EndResult
from client.commands.registry import COMMANDS
from client.web.models import MOST_WORDS, answer_model, read_arguments, request_model
from common.errors import ErrorCode, MinitorrentError


@pytest.mark.parametrize("name", COMMANDS)
def test_every_result_is_described(name: str) -> None:
    schema: dict[str, Any] = answer_model(COMMANDS[name]).model_json_schema()
    result = schema["properties"]["result"]
    kinds = [kind["$ref"].rpartition("/")[2] for kind in result.get("anyOf", [result])]
    assert "BaseModel" not in kinds
    if not COMMANDS[name].ends_program:
        assert all(schema["$defs"][kind]["properties"] for kind in kinds)


def test_fields_become_arguments() -> None:
    command = COMMANDS["download_file"]
    fields = {"group": "lab", "name": "a", "dest": "/data", "sequential": True, "only": "*.txt"}
    arguments = read_arguments(command, fields)
    assert arguments.flags == {"sequential"}
    assert arguments.values == {"GROUP": "lab", "DEST": "/data", "only": "*.txt"}
    assert arguments.lists == {"NAME": ("a",)}
    assert read_arguments(command, b'{"name": "a", "dest": "/data"}').flags == frozenset()


def run_nothing(_context: Context, _arguments: Arguments) -> EndResult:
    return EndResult()


TAKES_MANY = Command(
    name="x",
    topic="t",
    summary="s",
    run=run_nothing,
    arguments=(Argument("NAME", Kind.FILE, many=True), Argument("DEST", Kind.PATH, optional=True)),
)


def test_an_argument_that_takes_many_is_a_list_or_a_text() -> None:
    for fields in ({"name": "a"}, {"name": ["a"]}):
        assert read_arguments(TAKES_MANY, fields) == Arguments({}, lists={"NAME": ("a",)})
    several = read_arguments(TAKES_MANY, b'{"name": ["a", "b"], "dest": "/"}')
    assert several == Arguments({"DEST": "/"}, lists={"NAME": ("a", "b")})
    assert several.words == ()
    kinds = request_model(TAKES_MANY).model_json_schema()["properties"]["name"]["anyOf"]
    assert [kind["type"] for kind in kinds] == ["string", "array"]


@pytest.mark.parametrize(
    "value", [[], [""], "", [1], ["a\0"], None, {"a": 1}, ["a"] * (MOST_WORDS + 1)]
)
def test_a_list_is_bounded_and_of_texts(value: object) -> None:
    with pytest.raises(MinitorrentError, match=r"name.* Usage: x NAME\.\.\.") as raised:
        read_arguments(TAKES_MANY, {"name": value})
    assert raised.value.code is ErrorCode.USAGE


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"user": "ann"}, "password is missing"),
        ({"user": "", "password": "x"}, "user is missing"),
        ({"user": "ann", "password": ["never shown"]}, "password: Input should be a valid string"),
        (b"[]", "the body: Input should be an object"),
    ],
)
def test_the_first_wrong_field_is_named_without_its_value(
    fields: bytes | dict[str, object], said: str
) -> None:
    with pytest.raises(MinitorrentError) as raised:
        read_arguments(COMMANDS["login"], fields)
    assert raised.value.code is ErrorCode.USAGE
    assert said in raised.value.message
    assert "never shown" not in raised.value.message
