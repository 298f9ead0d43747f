"""The user's own groups, of which one is chosen in a window."""

from __future__ import annotations

from client.web.page.command_client import CommandClient
from client.web.page.parts.choice import Choice


async def update_own_groups(commands: CommandClient, choice: Choice) -> None:
    """Request the user's own groups; keep the chosen one unless the user has left it.

    Raises MinitorrentError if no tracker answers.
    """
    found = await commands.query(lambda session: session.groups.list(member=True))
    own = [row.group for row in found.groups]
    chosen = choice.group
    if chosen is not None and chosen not in own:
        is_own = await commands.query(lambda session: session.groups.is_own(chosen))
        if is_own:
            own.append(chosen)  # the list of own groups was cut off
    choice.groups = own
    if choice.group not in own:
        choice.settle(next(iter(own), None))
