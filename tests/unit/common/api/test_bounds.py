"""No reply and no notice can be too long for a line: every list and text in them has a bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import annotated_types
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from common.api.events import EventNotice
from common.api.operation import Operation
from common.api.paging import MAX_PAGE, PageReply, PageRequest
from common.api.presence import MAX_FILES
from common.api.registry import OPERATIONS

LISTS = {"list_notices"}
"""Lists whose requests have a separate limit."""


def bounds(metadata: list[Any]) -> list[int]:
    return [one.max_length for one in metadata if isinstance(one, annotated_types.MaxLen)]


def unbounded(model: type[BaseModel], path: str) -> Iterator[str]:
    """The lists in a model, and in the models in it, that may have any number of rows."""
    parts: list[tuple[str, FieldInfo]] = list(model.model_fields.items())
    for name, field in parts:
        yield from _unbounded(field.annotation, field.metadata, f"{path}.{name}")


def _unbounded(kind: Any, metadata: list[Any], path: str) -> Iterator[str]:
    is_bounded = any(bound <= max(MAX_PAGE, MAX_FILES) for bound in bounds(metadata))
    if get_origin(kind) in (list, dict, set, tuple, frozenset) and not is_bounded:
        yield path
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from unbounded(kind, path)
    for inner in get_args(kind):
        yield from _unbounded(inner, [], path)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.name)
def test_every_list_in_a_reply_has_a_bound(operation: Operation[Any, Any]) -> None:
    assert list(unbounded(operation.reply, operation.name)) == []


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.name)
def test_every_list_in_a_request_has_a_bound(operation: Operation[Any, Any]) -> None:
    assert list(unbounded(operation.request, operation.name)) == []


def test_every_list_in_a_notice_has_a_bound() -> None:
    assert list(unbounded(EventNotice, "event")) == []


def test_an_unbounded_list_is_found() -> None:
    class Row(BaseModel):
        names: list[str]

    class Reply(BaseModel):
        rows: list[Row] | None

    assert list(unbounded(Reply, "r")) == ["r.rows", "r.rows.names"]


def test_every_list_operation_is_paged() -> None:
    for name, operation in OPERATIONS.items():
        if name.startswith("list_"):
            assert issubclass(operation.reply, PageReply)
            assert issubclass(operation.request, PageRequest) or name in LISTS


def test_no_page_exceeds_the_maximum() -> None:
    assert PageRequest(limit=7).rows == 7
    assert PageRequest(limit=MAX_PAGE * 2).rows == MAX_PAGE
