"""Puts a value where a JSON Pointer says: for the samples of a scaffold and the sandboxes that serve them."""

from typing import Any


def placed(body: Any, way: str, value: Any) -> Any:
    """The body with the value at a JSON Pointer; what leads there is made."""
    *path, last = (part.replace("~1", "/").replace("~0", "~") for part in way.split("/")[1:])
    held = body
    for name in path:
        held = held.setdefault(name, {})
    held[last] = value
    return body
