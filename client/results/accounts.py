"""Results about accounts and logins."""

from __future__ import annotations

from pydantic import Field

from client.results.base import Result


class UserResult(Result):
    user: str


class LoginResult(Result):
    """`groups` are the first of the user's groups; `more_groups` counts the others."""

    user: str
    groups: list[str]
    more_groups: int = Field(default=0, exclude=True)
    sharing: int


class EndSessionResult(Result):
    """The id of the ended login."""

    id: int
