"""What all tables have in common."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Integer, MetaData, Numeric, String
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def ordered(length: int) -> TypeEngine[str]:
    """Return a type of string that every database sorts by code points, as SQLite does."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


SUM_OF_SIZES = Numeric(40, 0).with_variant(Integer(), "sqlite")
"""The type of sums of sizes, which no disk has but somebody may claim: the database refuses no file
for them."""


class Base(DeclarativeBase):
    """The base of all tables; names every constraint, so that migrations can refer to it."""

    metadata = MetaData(naming_convention=_NAMING)
    # SQLite's integers have 64 bits by themselves, and only those number rows.
    type_annotation_map: ClassVar = {int: BigInteger().with_variant(Integer(), "sqlite")}
