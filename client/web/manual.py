"""The API's documentation for people, made from the registry: one page, nothing loaded for it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from client.commands.command import Command
from client.web.models import field_name

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Minitorrent: HTTP API</title>
<meta name="viewport" content="width=device-width">
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5; }}
h2 {{ font-family: monospace; font-size: 1.05rem; margin-bottom: 0; }}
</style></head><body><main>
<h1>Minitorrent: HTTP API</h1>
<p>Call each command as a POST with a JSON object; the response is what <code>--json</code> prints.
Send the token in the link as <code>Authorization: Bearer TOKEN</code>.
<code>GET {prefix}/events</code> streams notices and the state of transfers. A machine-readable
description is available as <a href="{prefix}/openapi.json">OpenAPI</a>.</p>
{commands}
</main></body></html>
"""


def manual(commands: Iterable[Command], prefix: str) -> str:
    """Return an HTML page that documents all commands."""
    return _PAGE.format(
        prefix=prefix, commands="\n".join(_section(command, prefix) for command in commands)
    )


def _section(command: Command, prefix: str) -> str:
    fields = [f"<code>{escape(field_name(part))}</code>" for part in command.parts]
    about = " ".join(part for part in (f"{command.summary}.", command.details) if part)
    takes = f"<br>Fields: {', '.join(fields)}." if fields else ""
    return (
        f'<section id="{command.name}"><h2>POST {prefix}/{command.name}</h2>'
        f"<p>{escape(about)}{takes}</p></section>"
    )
