"""The page's own words for sentences of the services and the tracker.

Those often name the shell's next command, and they are English. A sentence that isn't listed
here is shown in English, without its clauses about commands.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from client.commands.registry import COMMANDS
from client.web.page.translation import N_, _
from client.web.page.words import ROLES_GIVEN

_REPLACED: Final = {
    "You are not logged in; type: login USER PASSWORD": N_("You are logged out; log in again."),
    "This session has ended; log in again with: login USER PASSWORD": N_(
        "This session has ended; log in again."
    ),
    "You are logged in as {user}; type logout first.": N_(
        "You are logged in as {user}; log out first."
    ),
    "You are already logged in as {user}; log out first with: logout": N_(
        "You are logged in as {user}; log out first."
    ),
    "Wrong user name or password. No account yet? create_user NAME": N_(
        "Wrong user name or password. No account yet? Choose “New account”."
    ),
    "There is no group {group}; see: list_groups": N_("There is no group {group}."),
    "There is no file {name} in {group}; see: list_files {rest}": N_(
        "There is no file {name} in {group}."
    ),
    "The group {group} already exists; choose another name, or ask to join with: "
    "join_group {rest}": N_(
        "The group {group} already exists; choose another name, or ask to join it."
    ),
    "You are not a member of {group}; ask to join with: join_group {rest}": N_(
        "You are not a member of {group}; ask to join it."
    ),
    "An admin removed you from {group} after this invitation; ask to join with: "
    "join_group {rest}": N_(
        "An admin removed you from {group} after this invitation; ask to join it."
    ),
    "{user} has not asked to join {group}; see: list_requests {rest}": N_(
        "{user} has not asked to join {group}, or another admin has decided."
    ),
    "{user} is the last admin of {group}; make another member admin first with: promote": N_(
        "{user} is the last admin of {group}; make another member admin first."
    ),
    "{user} owns {group}; the owner must first pass it on with: transfer_group {rest}": N_(
        "{user} owns {group}; the owner must first make someone else owner."
    ),
    "{group} has no valid invitation {id}; see: invites {rest}": N_(
        "{group} has no valid invitation {id}."
    ),
    "{group} already shares different content as {name}; choose another name with --name.": N_(
        "{group} already shares different content as {name}; rename the file first."
    ),
    "{group} already has other content called {name}; choose another name with --name{rest}.": N_(
        "{group} already shares different content as {name}; rename the file first."
    ),
    "You are not sharing {name} in {group}; see: show_shares": N_(
        "You are not sharing {name} in {group}."
    ),
    "No transfer {name} in {group}; list yours with: show_downloads, show_shares": N_(
        "There is no transfer {name} in {group} any more."
    ),
    "{name} is already at {path}; cancel or stop_share it to download it elsewhere.": N_(
        "{name} is already at {path}; cancel it, or stop sharing it, to download it elsewhere."
    ),
    "{name} is complete; stop_share ends sharing it.": N_(
        "{name} is complete; stop sharing it instead."
    ),
    "{name} was not made for a group; download it with another BitTorrent client, and share it "
    "with upload_file.": N_(
        "{name} was not made for a group; download it with another BitTorrent client, and share "
        "it here."
    ),
    "Lost the connection to the tracker at {tracker}; reconnecting. Transfers continue.": N_(
        "Lost the connection to the tracker at {tracker}; reconnecting. Transfers continue."
    ),
    "You have no session {id}; see: sessions": N_("This session has ended already."),
}
"""Sentences with commands, and what the page says instead. `{rest}` is left out."""

_TRANSLATED: Final = (
    N_("This session has ended; log in again."),
    N_("The user name {user} is taken; choose another."),
    N_("This tracker creates accounts by invitation only; ask a member for one."),
    N_("The old password is wrong."),
    N_("Too many wrong passwords; try again in {time}."),
    N_("Too many logins at the moment; try again in a minute."),
    N_("Choose a longer password: at least {number} character(s) here."),
    N_("This password is short; {number} characters or more are safer."),
    N_("Names are 1 to 64 letters, digits, dots, underscores or hyphens."),
    N_("There is no user {user}."),
    N_("Only an admin of {group} can do this; ask one of them."),
    N_("You are already a member of {group}."),
    N_("You have already asked to join {group}; wait for an admin to accept."),
    N_("{user} is not a member of {group}."),
    N_("You are no longer a member of {group}."),
    N_("This invitation is not valid; ask for a new one."),
    N_("This invitation is not valid any more; ask for a new one."),
    N_("This invitation is for the tracker at {tracker}, which is not the one you are connected "
       "to."),
    N_("The path is empty; give the path of a file."),
    N_("There is no such file: {path}."),
    N_("Access is denied; check the permissions: {path}."),
    N_("Nothing can be written to {path}; choose another destination."),
    N_("{path} is not a folder."),
    N_("{path} contains no files; add one and try again."),
    N_("Not enough space in {folder}: {what} needs {needed}, {free} free. {advice}"),
    N_("{value} is not a rate; give bytes per second, such as 500K or 2M, or 0 for no limit."),
    N_("This magnet link belongs to none of your groups. If it comes from another group, join "
       "that first."),
    N_("The connection to the tracker was lost. Check whether it was done, and try again."),
    N_("The tracker did not answer in time; try again."),
    N_("The tracker is busy; try again in a minute."),
    N_("No tracker can be reached. Check that one runs and that its address in the tracker "
       "information file is right."),
    # notices
    N_("Connected to the tracker at {tracker}."),
    N_("{user} is logged out: {reason}"),
    N_("{user} asks to join {group}."),
    N_("{user} let you into {group}."),
    N_("{user} rejected your request to join {group}."),
    N_("{user} removed you from {group}."),
    N_("{user} left {group}."),
    N_("{user} left {group}; {owner} owns it now."),
    N_("{user} made you {role} of {group}."),
    N_("{user} joined {group} by invitation {id} of {creator}."),
    N_("{user} shared {number} files in {group}."),
    N_("{user} removed {number} files from {group}."),
    N_("{user} has finished downloading {number} files of {group}."),
    N_("{user} shares {name} in {group}."),
    N_("{user} removed {name} from {group}."),
    N_("{user} has finished downloading {name} of {group}."),
    N_("{name} has stopped: {reason}"),
    N_("{name} is complete: {details}"),
)  # fmt: skip

_LONGEST: Final = 4000
"""Characters of the longest sentence that is looked up; matching takes time."""

_NAMES: Final = "|".join(sorted(filter(lambda name: "_" in name, COMMANDS)))
_COMMAND: Final = re.compile(
    rf"\b(?:{_NAMES}|doctor)\b|\b(?:type|see|with|example): |\bUsage: |(?<!\S)--\w"
)
"""What only the prompt understands."""


def in_page_words(message: str) -> str:
    """Return a sentence of a service or the tracker as the page says it, in its language."""
    found = _look_up(message[:_LONGEST])
    if found is None:
        return without_commands(message)
    text, values = found
    return _(text).format(**{name: _inner(name, value) for name, value in values.items()})


def _inner(name: str, value: str) -> str:
    """Return a value as the page says it: a reason is a sentence of its own, a role a word."""
    if name == "reason":
        return in_page_words(value)
    return _(value) if name == "role" and value in ROLES_GIVEN else value


def without_commands(message: str) -> str:
    """Return an English text without the clauses that tell what to type at the prompt."""
    clauses = [part for part in re.split(r"(?<=[.;?]) ", message) if not _COMMAND.search(part)]
    text = " ".join(clauses).rstrip(";,: ")
    if not text:
        return message
    return text if text.endswith((".", "?", "!")) else f"{text}."


@lru_cache(maxsize=512)
def _look_up(message: str) -> tuple[str, dict[str, str]] | None:
    for pattern, text in _PATTERNS:
        match = pattern.fullmatch(message)
        if match is not None:
            return text, match.groupdict()
    return None


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [f"(?P<{name}>.*?)" for name in parts[1::2]]
    return re.compile("".join(parts), re.DOTALL)


TEMPLATES: Final = {**_REPLACED, **{text: text for text in _TRANSLATED}}
"""The page's texts by the sentence that they replace."""

_PATTERNS: Final = [(_pattern(template), text) for template, text in TEMPLATES.items()]
