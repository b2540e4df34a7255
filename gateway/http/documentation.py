"""The page /docs: the OpenAPI document for a reader, whole in itself. Loads no script, font or image."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f4f4f4;padding:1rem;overflow:auto}"
    "h2{border-top:1px solid #ccc;padding-top:1rem}"
)


def page(schema: Mapping[str, Any]) -> str:
    """HTML of every operation: what it does, what it takes, what it answers, each with its example."""
    title = escape(schema["info"]["title"])
    parts = [
        f"<!doctype html><html lang=fr><meta charset=utf-8><title>{title}</title>",
        "<meta name=viewport content='width=device-width'>",
        f"<style>{_STYLE}</style><h1>{title} {escape(schema['info']['version'])}</h1>",
        *(f"<p>{escape(text)}</p>" for text in schema["info"]["description"].split("\n\n")),
        "<p><a href=openapi.json>openapi.json</a></p>",
    ]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            parts.append(_operation(method, path, operation))
    return "\n".join(parts)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = [f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p><ul>"]
    for item in operation.get("parameters", ()):
        words = escape(item.get("description", ""))
        rows.append(f"<li><code>{escape(item['name'])}</code> ({item['in']}) {words}</li>")
    rows.append("</ul>")
    for status, answer in operation["responses"].items():
        rows.append(f"<h3>{status} {escape(answer['description'])}</h3>")
        for content in answer.get("content", {}).values():
            shown = [content["example"]] if "example" in content else []
            shown += [item["value"] for item in content.get("examples", {}).values()]
            for example in shown:
                text = json.dumps(example, ensure_ascii=False, indent=2)
                rows.append(f"<pre>{escape(text)}</pre>")
    return "\n".join(rows)
