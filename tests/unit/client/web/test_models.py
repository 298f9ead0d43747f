"""Requests and responses of the HTTP API match its description."""

from __future__ import annotations

from typing import Any

import pytest

from client.commands.registry import COMMANDS
from client.web.models import answer_model, read_arguments
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
    assert arguments.values == {"GROUP": "lab", "NAME": "a", "DEST": "/data", "only": "*.txt"}
    assert read_arguments(command, b'{"name": "a", "dest": "/data"}').flags == frozenset()


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
