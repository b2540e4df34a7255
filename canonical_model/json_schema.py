"""The JSON Schema (2020-12) of each resource, in each version of the model: made from the classes, never by hand.

`schemas/<version>/<Resource>.json` is what partners read; a test compares it with what is made here. A schema
accepts whatever the model accepts. The model also refuses what no schema can say (a wrong check digit, an end
before its start): it has the last word.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from canonical_model import resources
from canonical_model.base import SENSITIVITY, Record
from canonical_model.elements import LATEST, VERSIONS, element_of, opened
from canonical_model.errors import ConfigurationError

FOLDER = Path(__file__).with_name("schemas")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
OURS = "x-passerelle"  # what JSON Schema has no word for


def schema(name: str, version: int = LATEST) -> dict[str, Any]:
    """The schema of a resource in one version of the model.

    Raises ConfigurationError for a resource or a version that the model does not have.
    """
    if version not in VERSIONS:
        known = ", ".join(str(item) for item in VERSIONS)
        raise ConfigurationError(
            f"--model-version {version}: the model has {known}. Choose one.",
            f"--model-version {version} : le modèle a {known}. Choisissez-en une.",
        )
    kind = resources.resource(name)
    made = kind.model_json_schema(schema_generator=_GENERATORS[version])
    said = {"model_version": version, "section": kind.SECTION, "sensitivity": SENSITIVITY[kind.SECTION]}
    head = {"$schema": DIALECT, "$id": f"urn:passerelle:schema:{version}:{name}", "title": name}
    return {**head, "description": made.get("description", ""), OURS: said, **made, "title": name}


def text(name: str, version: int = LATEST) -> str:
    """The schema as the committed file holds it."""
    return json.dumps(schema(name, version), ensure_ascii=False, indent=2) + "\n"


def files() -> Iterator[tuple[Path, str]]:
    """Every file that `schemas/` must hold, relative to it, and its text."""
    for version in VERSIONS:
        for name in resources.NAMES:
            yield Path(str(version)) / f"{name}.json", text(name, version)


def write(folder: Path = FOLDER) -> tuple[int, int]:
    """Make `folder` hold what `files` says and nothing else; (files, those that changed)."""
    wanted = {folder / path: content for path, content in files()}
    changed = 0
    for path in folder.glob("*/*.json"):
        if path not in wanted:
            path.unlink()
            changed += 1
    for path, content in wanted.items():
        if not path.is_file() or path.read_text("utf-8") != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
            changed += 1
    return len(wanted), changed


class _Generator(GenerateJsonSchema):
    """Pydantic's, with our labels on each field, and without the fields of other versions."""

    version: ClassVar[int] = LATEST

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        kind: type[BaseModel] = schema["cls"]
        kept = {}
        for name, field in made.get("properties", {}).items():
            element = element_of(kind, name)
            if not element.stands_in(self.version):
                continue
            said: dict[str, Any] = {"french": element.french, "english": element.english}
            if issubclass(kind, Record):
                said["section"] = element.section or kind.SECTION
                said["sensitivity"] = element.sensitivity or SENSITIVITY[said["section"]]
            code_system = opened(kind.model_fields[name])[2]
            if code_system:
                said["code_system"] = code_system
            head = {"title": f"{element.french} / {element.english}", "description": element.meaning}
            kept[name] = {**field, **{key: word for key, word in head.items() if word}, OURS: said}
        made["properties"] = kept
        if "required" in made:
            made["required"] = [name for name in made["required"] if name in kept]
        return made


_GENERATORS = {
    version: type(f"_Generator{version}", (_Generator,), {"version": version}) for version in VERSIONS
}
