from __future__ import annotations

from typing import Any

from common.openapi_page import render


def body(**schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


FIELDS = {
    "who": {"$ref": "#/components/schemas/Who"},
    "any": {},
    "order": {"enum": ["name", "size"]},
    "word": {"const": "yes"},
    "many": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 9}},
    "maybe": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]},
    "told": {"type": "string", "description": "what it is <for>"},
    "free": {"type": "object"},
}
DESCRIPTION: dict[str, Any] = {
    "info": {"title": "An API", "version": "1.2", "description": "Ask & be answered."},
    "components": {
        "schemas": {
            "Who": {"type": "object", "properties": {"user": {}, "host": {}}},
            "Answer": {"properties": {"result": {"$ref": "#/components/schemas/Who"}}},
        }
    },
    "paths": {
        "/ask": {
            "post": {
                "tags": ["asking"],
                "summary": "ask for it",
                "requestBody": body(properties=FIELDS, required=["who"]),
                "responses": {
                    "200": body(**{"$ref": "#/components/schemas/Answer"}),
                    "404": {
                        "description": "It isn't there.",
                        **body(
                            properties={"error": {"properties": {"code": {"enum": ["no_such"]}}}}
                        ),
                    },
                },
            }
        },
        "/begin": {
            "post": {
                "tags": ["asking"],
                "summary": "begin",
                "description": "At once.",
                "requestBody": body(),
                "responses": {},
            },
        },
        "/see": {"get": {"tags": ["seeing"], "summary": "see", "responses": {"200": {}}}},
    },
}


def test_everything_described_is_on_the_page() -> None:
    page = render(DESCRIPTION, "/api.json")
    assert '<a href="/api.json">' in page
    for text in ("An API 1.2", "Ask &amp; be answered.", "At once.", "It isn&#x27;t there."):
        assert text in page
    assert page.index("<h2>asking</h2>") < page.index("POST /begin") < page.index("GET /see")
    for name, kind in {
        "who</code>": "{user, host}",
        "any</code> (optional)": "anything",
        "order</code> (optional)": "name or size",
        "word</code> (optional)": "yes",
        "many</code> (optional)": "list of integer, from 1, to 9",
        "maybe</code> (optional)": "string, characters, at most 5 or null",
        "told</code> (optional)": "what it is &lt;for&gt;",
        "free</code> (optional)": "object",
        "user</code> (optional)": "anything",
        "404</code>": "no_such",
    }.items():
        assert f"<code>{name}</td><td>{kind}</td>" in page
    assert "Arguments: none." in page
