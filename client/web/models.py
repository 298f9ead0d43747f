"""Request and response models of the HTTP API, generated from the registry of commands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
)

from client.commands.command import Argument, Arguments, Command, Kind, Option
from common.api.files import Sort
from common.api.groups import GivenRole, Upload
from common.errors import ErrorCode, MinitorrentError

_TEXT = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")]
_TYPES: Mapping[Kind, Any] = {
    Kind.SECONDS: Annotated[float, Field(ge=0, allow_inf_nan=False)],
    Kind.SESSION: Annotated[int, Field(ge=1, lt=10**18)],
    Kind.COUNT: Annotated[int, Field(ge=0, lt=10**18)],
    Kind.ORDER: Sort,
    Kind.ROLE: GivenRole,
    Kind.UPLOADERS: Upload,
}
"""Types of the kinds that aren't plain text."""

MOST_WORDS = 10_000
"""Values of an argument that takes many."""


class Failure(BaseModel):
    """The reason why a command failed: a code for programs and a sentence for people."""

    code: ErrorCode
    message: str


class FailureAnswer(BaseModel):
    """The response to a command that failed."""

    command: str
    ok: Literal[False]
    error: Failure


def field_name(part: Argument | Option) -> str:
    """Return the name of an argument or option in a JSON body."""
    return part.name.lower().replace("-", "_")


@cache
def request_model(command: Command) -> type[BaseModel]:
    """Return the model of a command's body: arguments and options in lower case."""
    fields: dict[str, Any] = {}
    for argument in command.arguments:
        kind = _field_type(argument.kind, argument)
        if argument.many:
            kind = _one_or_many(kind)
        fields[field_name(argument)] = (kind | None, None) if argument.optional else (kind, ...)
    for option in command.options:
        kind = _field_type(option.kind, option)
        default = (bool, False) if option.value is None else (kind | None, None)
        fields[field_name(option)] = default
    config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
    return create_model(_title(command, "Request"), __config__=config, **fields)


def answer_model(command: Command) -> type[BaseModel]:
    """Return the model of a successful response; the result is what the command returns."""
    result = get_type_hints(command.run)["return"]
    name: Any = Literal[command.name]
    return create_model(
        _title(command, "Answer"),
        command=(name, ...),
        ok=(Literal[True], ...),
        result=(result, ...),
    )


def read_arguments(command: Command, fields: bytes | Mapping[str, object]) -> Arguments:
    """Convert fields, or a JSON body, to arguments; raises MinitorrentError(usage)."""
    model = request_model(command)
    try:
        if isinstance(fields, bytes):
            read = model.model_validate_json(fields or b"{}")
        else:
            read = model.model_validate(fields)
    except ValidationError as error:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{command.name}: {_complaint(error)}. Usage: {command.usage}"
        ) from None
    given = read.model_dump(exclude_none=True)
    values = {
        part.name: given[name] for part in command.parts if (name := field_name(part)) in given
    }
    many = {argument.name for argument in command.arguments if argument.many}
    lists = {name: tuple(value) for name, value in values.items() if name in many}
    flags = {name for name, value in values.items() if value is True}
    texts = {
        name: str(value)
        for name, value in values.items()
        if name not in many and not isinstance(value, bool)
    }
    return Arguments(texts, frozenset(flags), command.usage, lists)


def _complaint(error: ValidationError) -> str:
    """Describe the first validation error, without the value: it may be a password."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"])) or "the body"
    if first["type"] in ("missing", "string_too_short", "too_short"):
        return f"{place} is missing"
    return f"{place}: {first['msg']}"


def _field_type(kind: Kind, part: Argument | Option) -> Any:
    summary = part.summary if isinstance(part, Option) else kind.value
    return Annotated[_TYPES.get(kind, _TEXT), Field(description=summary)]


def _one_or_many(kind: Any) -> Any:
    """Return the type of a list of this kind, for which a single value may be given, too."""
    several = Annotated[list[kind], Field(min_length=1, max_length=MOST_WORDS)]
    single = BeforeValidator(
        lambda value: [value] if isinstance(value, str) else value,
        json_schema_input_type=kind | several,
    )
    return Annotated[several, single]


def _title(command: Command, ending: str) -> str:
    return "".join(word.capitalize() for word in command.name.split("_")) + ending
