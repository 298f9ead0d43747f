"""The documentation of an HTTP API as a self-contained page, from its OpenAPI description. Pure."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import Any

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What the page may load and run (Content-Security-Policy)."""

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; }
pre { white-space: pre-wrap; }
details { border: 1px solid #8886; border-radius: .4rem; margin: .4rem 0; padding: .4rem .8rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid #8886; padding: .2rem .8rem .2rem 0; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
"""


def render(description: dict[str, Any], openapi_url: str) -> str:
    """Render an OpenAPI document, which programs get from `openapi_url`, as HTML."""
    info = description["info"]
    title = escape(f"{info['title']} {info['version']}")
    entries = [
        (method.upper(), path, entry)
        for path, methods in description["paths"].items()
        for method, entry in methods.items()
    ]
    sections = "".join(
        f"<h2>{escape(tag)}</h2>" + "".join(_entry(description, *one) for one in some)
        for tag, some in groupby(entries, lambda one: one[2]["tags"][0])
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><pre>{escape(info['description'])}"
        f'</pre><p>For programs: <a href="{openapi_url}">openapi.json</a></p>'
        f"{sections}</body></html>"
    )


def _entry(description: dict[str, Any], method: str, path: str, entry: dict[str, Any]) -> str:
    parts = [f"<p>{escape(entry.get('description', ''))}</p>"]
    if "requestBody" in entry:
        parts.append(_fields(description, "Arguments", _schema(entry["requestBody"])))
    answer = _resolve(description, _schema(entry["responses"].get("200", {})))
    if done := answer.get("properties", {}).get("result"):
        parts.append(_fields(description, "Result", done))
    refusals = [
        [f"<code>{status}</code>", escape(", ".join(_codes(answer))), escape(answer["description"])]
        for status, answer in entry["responses"].items()
        if status != "200"
    ]
    parts.append(_table(["Status", "Codes", "Refused because"], refusals))
    return (
        f"<details><summary><code>{method} {escape(path)}</code> {escape(entry['summary'])}"
        f"</summary>{''.join(parts)}</details>"
    )


def _schema(carrier: dict[str, Any]) -> dict[str, Any]:
    content = carrier.get("content", {}).get("application/json", {})
    schema: dict[str, Any] = content.get("schema", {})
    return schema


def _codes(answer: dict[str, Any]) -> list[str]:
    error = _schema(answer).get("properties", {}).get("error", {})
    codes: list[str] = error.get("properties", {}).get("code", {}).get("enum", [])
    return codes


def _fields(description: dict[str, Any], title: str, schema: dict[str, Any]) -> str:
    schema = _resolve(description, schema)
    needed = schema.get("required", [])
    rows = [
        [
            f"<code>{escape(name)}</code>" + ("" if name in needed else " (optional)"),
            escape(field.get("description") or _kind(description, field)),
        ]
        for name, field in schema.get("properties", {}).items()
    ]
    return _table([title, ""], rows) if rows else f"<p>{title}: none.</p>"


def _resolve(description: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: dict[str, Any] = description["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _kind(description: dict[str, Any], field: dict[str, Any]) -> str:
    """Describe a field's type in a few words."""
    field = _resolve(description, field)
    if "enum" in field:
        return " or ".join(map(str, field["enum"]))
    if "const" in field:
        return str(field["const"])
    if "anyOf" in field:
        return " or ".join(_kind(description, one) for one in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_kind(description, field['items'])}"
    if field.get("type") == "object" and "properties" in field:
        return "{" + ", ".join(field["properties"]) + "}"
    limits = [f"{word} {field[key]}" for key, word in _LIMITS.items() if key in field]
    return ", ".join([str(field.get("type", "anything")), *limits])


_LIMITS = {
    "contentEncoding": "as",
    "pattern": "like",
    "minimum": "from",
    "maximum": "to",
    "maxLength": "characters, at most",
}


def _table(head: list[str], rows: list[list[str]]) -> str:
    """Render a table; `head` is text, `rows` are HTML."""
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    others = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><tr>{first}</tr>{others}</table>"
