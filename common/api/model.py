"""The base model of requests and replies, and the validated field types."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from common.metainfo import MAX_METAINFO_SIZE

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
"""The pattern of a user's or group's name."""

_HEX20 = re.compile(r"[0-9a-fA-F]{40}\Z")
NO_NUL = r"^[^\x00]*$"
"""Pattern of any text that is searched for or stored in the database."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Model(BaseModel):
    """A request or a reply: immutable, strictly typed, unknown fields ignored.

    Unknown fields are ignored so that a newer minor version may add some.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)


def _described_by(pattern: str) -> FieldInfo:
    """Describe a validated text in the JSON schema."""
    return cast(FieldInfo, Field(json_schema_extra={"pattern": pattern}))


def _check_name(value: str) -> str:
    if not NAME.match(value):
        raise PydanticCustomError(
            "invalid_name", "Names are 1 to 64 letters, digits, dots, underscores or hyphens"
        )
    return value


def _check_file_name(value: str) -> str:
    if value in {"", ".", ".."} or "/" in value or "\\" in value or _CONTROL.search(value):
        raise PydanticCustomError(
            "invalid_name", "A file's name has no slashes and no control characters; use --name"
        )
    if len(value.encode()) > 255:
        raise PydanticCustomError(
            "invalid_name", "A file's name is at most 255 bytes long; choose another with --name"
        )
    return value


def _decode_base64(value: object) -> object:
    """Decode base64 text, as sent on the wire; pass bytes through."""
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        raise PydanticCustomError("base64", "This is not base64") from None


def _encode_base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _as_integer(value: object) -> object:
    """Accept 7.0 for 7, since JSON doesn't distinguish them."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _check_hex(value: str) -> str:
    if not _HEX20.match(value):
        raise PydanticCustomError("hex", "Expected 40 hexadecimal digits")
    return value.lower()


WHOLE = BeforeValidator(_as_integer)
"""Add to every integer field, after its limits."""

Name = Annotated[str, AfterValidator(_check_name), _described_by(r"^[A-Za-z0-9._-]{1,64}$")]
"""A user's or group's name: 1 to 64 of ASCII letters, digits, `.`, `_` and `-`."""

NewFileName = Annotated[
    str,
    Field(max_length=255),
    AfterValidator(_check_file_name),
    _described_by(r"^(?!\.{1,2}$)[^/\\\x00-\x1f\x7f]+$"),
]
"""A name for a new file: one path component, at most 255 bytes."""

FileName = Annotated[str, Field(min_length=1, max_length=255)]
"""A name to look up; an invalid one is simply not found."""

Password = Annotated[str, Field(max_length=1024)]
"""Bounded, so that hashing any password costs the same."""

Hex20 = Annotated[str, AfterValidator(_check_hex), _described_by(r"^[0-9a-fA-F]{40}$")]
"""An info-hash or a peer id: 20 bytes as 40 hexadecimal digits, lower case once read."""

Token = Annotated[str, Field(min_length=1, max_length=128)]
"""A session token, as returned by `login`."""

Port = Annotated[int, Field(ge=0, le=65535), WHOLE]
"""A TCP port; 0 if this client can't be dialled."""

Count = Annotated[int, Field(ge=0, le=2**63 - 1), WHOLE]
"""A count or a size in bytes; fits the database's integers."""

Metainfo = Annotated[
    bytes,
    Field(max_length=MAX_METAINFO_SIZE),
    BeforeValidator(_decode_base64),
    PlainSerializer(_encode_base64, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "contentEncoding": "base64",
            "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
            "maxLength": MAX_METAINFO_SIZE // 3 * 4,
        }
    ),
]
"""The bytes of a metainfo file (BEP 3): base64 on the wire, bytes in the program."""
