"""Formats the settings as a table, or one of them as a line."""

from __future__ import annotations

from client.core.settings import LISTEN, SETTINGS
from client.results.settings import SettingsResult
from client.shell.terminal.screen import Column, Screen
from common.text import visible


def settings_text(result: SettingsResult, screen: Screen) -> str:
    """Return the text for the settings, or for the one that was named."""
    if result.name is not None:
        verb = "is now" if result.is_changed else "is"
        return f"{result.name} {verb} {visible(_shown(result, result.name))}"
    columns = [Column("setting"), Column("value", folds=True)]
    return screen.table(columns, [[name, _shown(result, name)] for name in SETTINGS])


def _shown(result: SettingsResult, name: str) -> str:
    """Return a setting's value, with what is in force if that differs until the next start."""
    text = SETTINGS[name].show(getattr(result.settings, name))
    if name == LISTEN.name and text != result.listening:
        return f"{text} from the next start; until then {result.listening}"
    return text
