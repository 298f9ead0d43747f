"""The command for the client's settings."""

from __future__ import annotations

from client.commands.command import Argument, Arguments, Command, Context, Kind
from client.core.settings import SETTINGS
from client.results.settings import SettingsResult
from common.errors import ErrorCode


def _settings(context: Context, arguments: Arguments) -> SettingsResult:
    name, value = arguments.optional("NAME"), arguments.optional("VALUE")
    if name is None or value is None:
        return context.session.settings.list(name)
    return context.session.settings.set(name, value)


_MEANINGS = "; ".join(f"{setting.name} ({setting.meaning})" for setting in SETTINGS.values())

COMMANDS = (
    Command(
        name="settings",
        topic="settings",
        summary="show or change the client's settings",
        run=_settings,
        arguments=(
            Argument("NAME", Kind.SETTING, optional=True),
            Argument("VALUE", Kind.VALUE, optional=True),
        ),
        details="Without VALUE, shows the settings. They stay in force, also after a restart, until"
        f" you change them: {_MEANINGS}. HOST:PORT on the command line comes before listen.",
        example="settings download_folder ~/Films",
        errors=(ErrorCode.FILE_NOT_FOUND, ErrorCode.PERMISSION_DENIED, ErrorCode.DISK_FULL),
    ),
)
