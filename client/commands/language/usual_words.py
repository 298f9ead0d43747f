"""Words that users of other programs type, and the commands to suggest for them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from client.commands.command import Command

SUGGESTED: Mapping[str, str] = MappingProxyType(
    {
        "abort": "cancel",
        "add": "upload_file",
        "bye": "quit",
        "cd": "use_group",
        "config": "settings",
        "continue": "resume",
        "del": "remove_file",
        "delete": "remove_file",
        "dir": "list_files",
        "download": "download_file",
        "downloads": "show_downloads",
        "files": "list_files",
        "groups": "list_groups",
        "kill": "cancel",
        "list": "list_files",
        "logoff": "logout",
        "man": "help",
        "members": "list_members",
        "mkgroup": "create_group",
        "options": "settings",
        "password": "passwd",
        "ps": "show_downloads",
        "q": "quit",
        "register": "create_user",
        "requests": "list_requests",
        "search": "find",
        "seed": "upload_file",
        "send": "upload_file",
        "shares": "show_shares",
        "signin": "login",
        "signout": "logout",
        "signup": "create_user",
        "speed": "limit",
        "status": "show_downloads",
        "stop": "pause",
        "transfers": "show_downloads",
        "upload": "upload_file",
        "use": "use_group",
        "users": "list_members",
        "verify": "recheck",
        "who": "list_members",
    }
)
"""The command that each word most likely stands for."""

LISTS: Mapping[str, str] = MappingProxyType(
    {word: SUGGESTED[word] for word in ("downloads", "groups", "members", "requests", "shares")}
)
"""Words that users type after `ls` in place of a group, and the commands that list these."""

_SHORTEST, _MOST = 2, 4
"""The letters that a beginning needs, and the commands that are named for one."""


def begun(word: str, commands: Mapping[str, Command]) -> Sequence[str]:
    """Return the commands that begin with `word`, if it is long enough and they are few."""
    folded = word.casefold().replace("-", "_")
    found = [name for name in commands if name.startswith(folded)]
    return found if len(word) >= _SHORTEST and len(found) <= _MOST else []
