"""Doing something to many rows at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from client.services.api import SessionApi
from client.web.page.command_client import CommandClient
from client.web.page.parts.marks import Mark
from client.web.page.sentences import in_page_words
from client.web.page.toasts import show_error
from client.web.page.translation import ngettext
from common.errors import ErrorCode, MinitorrentError

_HOPELESS = (ErrorCode.NOT_LOGGED_IN, ErrorCode.DISK_FULL, ErrorCode.TRACKER_UNREACHABLE)
"""Errors after which the other rows aren't tried: they would fail in the same way."""


async def run_on_all(
    commands: CommandClient,
    names: Sequence[Mark],
    call: Callable[[SessionApi, str, str], object],
) -> int:
    """Call for each group and name, in a thread; show what failed, return how many didn't."""
    errors = await commands.query(lambda session: _call_all(session, names, call))
    if errors:
        text = ngettext("{number} failed: {message}", "{number} failed: {message}", len(errors))
        message = in_page_words(errors[0].message)
        text = text.format(number=f"{len(errors):,}", message=message)
        show_error(MinitorrentError(errors[0].code, text))
    return len(names) - len(errors)


def _call_all(
    session: SessionApi,
    names: Sequence[Mark],
    call: Callable[[SessionApi, str, str], object],
) -> list[MinitorrentError]:
    errors: list[MinitorrentError] = []
    for at, (group, name) in enumerate(names):
        try:
            call(session, group, name)
        except MinitorrentError as error:
            if error.code in _HOPELESS:
                return [*errors, *[error] * (len(names) - at)]
            errors.append(error)
    return errors
