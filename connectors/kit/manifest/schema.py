"""The manifest's JSON Schema (2020-12), for editors and for systems that write manifests: made from `grammar`.

``python -m connectors.kit.manifest.schema`` writes the file; a test compares it. What depends on the folder
(its name, files that must be there) and on the calendar (a time zone, a day that exists) only the reader says.
"""

import json
from pathlib import Path

from connectors.kit.manifest.grammar import CONDITIONS, MANIFEST
from connectors.kit.manifest.shapes import Schema

FILE = Path(__file__).parent / "manifest.schema.json"


def schema() -> Schema:
    """The whole schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Passerelle: manifest of a connector, version 2",
        **MANIFEST.schema(),
        "allOf": [condition.schema() for condition in CONDITIONS],
    }


def text() -> str:
    """The content of the file."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
