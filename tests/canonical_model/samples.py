"""A valid document of every resource: those that the mappings promise for their samples. All invented."""

import json
from pathlib import Path
from typing import Any

MAPPINGS = Path(__file__).parents[2] / "mappings"


def documents() -> dict[str, list[dict[str, Any]]]:
    """Resource → its documents, as JSON types."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(MAPPINGS.glob("*/samples/*.v*.jsonl")):
        if path.name.endswith(".rejects.jsonl"):
            continue
        for line in path.read_text("utf-8").splitlines():
            document = json.loads(line)["document"]
            if "resource_type" in document:  # else a document of another's form
                found.setdefault(document["resource_type"], []).append(document)
    return found
