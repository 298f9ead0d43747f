"""Lists of values as parameters of statements."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, select

from tracker.store.tables import files, one_of


@pytest.mark.parametrize(
    ("url", "condition"),
    [
        ("postgresql+psycopg://", "files.id = ANY (%(ids)s::BIGINT[])"),
        ("sqlite://", "files.id IN (__[POSTCOMPILE_ids])"),
    ],
)
def test_a_list_is_one_parameter_where_the_database_has_arrays(url: str, condition: str) -> None:
    query = select(files.c.name).where(one_of(files.c.id, "ids"))
    assert str(query.compile(create_engine(url))).endswith(f"WHERE {condition}")
