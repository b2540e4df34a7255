"""`passerelle model …`: what the canonical model holds, its schemas, its reference page, and whether a file fits it.

Shows places and rules, never a value of a document.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer
from pydantic import ValidationError

from canonical_model import json_schema, reference, resources, rules
from canonical_model.base import MOST_BYTES, SENSITIVITY, Record, problems
from canonical_model.elements import LATEST
from canonical_model.errors import ConfigurationError
from gateway.cli import context

model_app = typer.Typer(no_args_is_help=True, help="Le modèle canonique.")

SHOWN = 1000  # faults that --json holds; all are counted
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}|[0-9]{1,6}|\(record\)")


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    app.add_typer(model_app, name="model")


@model_app.command("list")
def list_resources(ctx: typer.Context) -> None:
    """Les ressources : section du dossier, sensibilité, nombre de champs."""
    out = context.output(ctx)
    kinds = [resources.resource(name) for name in resources.NAMES]
    rows = [
        {
            "resource": kind.__name__, "section": kind.SECTION, "sensitivity": SENSITIVITY[kind.SECTION],
            "fields": len(kind.model_fields),
        }
        for kind in kinds
    ]  # fmt: skip
    out.document(rows)
    columns = out.words("Ressource|Section|Sensibilité|Champs", "Resource|Section|Sensitivity|Fields").split(
        "|"
    )
    out.table("", columns, [tuple(row.values()) for row in rows])


@model_app.command("schema")
def schema(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[RESSOURCE]")] = None,
    *,
    version: Annotated[int, typer.Option("--model-version", metavar="N")] = LATEST,
    write: Annotated[bool, typer.Option("--write")] = False,
) -> None:
    """Le schéma JSON 2020-12 d'une ressource; avec --write, tous les fichiers de canonical_model/schemas."""
    out = context.output(ctx)
    if write == (name is not None):
        raise ConfigurationError(
            "model schema: name one resource, or write --write for all files. Choose one of the two.",
            "model schema : nommez une ressource, ou écrivez --write pour tous les fichiers. Choisissez.",
        )
    if name is not None:
        typer.echo(json_schema.text(name, version), nl=False)
        return
    files, changed = json_schema.write()
    out.document({"files": files, "changed": changed})
    out.say(f"{files} schémas, {changed} modifiés.", f"{files} schemas, {changed} changed.")


@model_app.command("reference")
def write_reference(
    ctx: typer.Context, target: Annotated[Path, typer.Option("--out", metavar="FICHIER.html")]
) -> None:
    """La page de référence du modèle : un seul fichier HTML, qui se lit et s'imprime partout."""
    out = context.output(ctx)
    content = reference.page().encode()
    try:
        target.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(
            f"{target}: cannot be written. Correct --out.",
            f"{target} : écriture impossible. Corrigez --out.",
        ) from error
    out.document({"file": str(target), "bytes": len(content)})
    out.say(f"{target} : {len(content)} octets.", f"{target}: {len(content)} bytes.")


@model_app.command("sample")
def sample(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="RESSOURCE")],
    *,
    count: Annotated[int, typer.Option("--count", min=1, max=1_000_000)] = 1,
    seed: Annotated[int, typer.Option("--seed")] = 1,
) -> None:
    """Des documents inventés et valides, un par ligne : pour essayer un outil, jamais pour un vrai dossier."""
    from canonical_model.generated import documents  # noqa: PLC0415 - slow, and only this command makes any

    context.output(ctx)
    resources.resource(name)
    for document in documents(name, count, seed):
        typer.echo(orjson.dumps(document))


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule that the document of that line breaks, at that path. A `warning` does not refuse it."""

    line: int
    path: str
    rule: str
    warning: bool = False


@model_app.command("validate")
def validate(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="RESSOURCE")],
    file: Annotated[Path, typer.Argument(metavar="FICHIER.jsonl")],
) -> int:
    """Vérifier des documents, un par ligne : une ligne par document refusé, avec l'endroit, la règle et le remède."""
    out = context.output(ctx)
    kind = resources.resource(name)
    shown: list[dict[str, Any]] = []
    read = refused = left_out = doubted = 0
    try:
        with file.open("rb") as lines:
            for faults in _checked(kind, lines):
                read += 1
                refused += any(not fault.warning for fault in faults)
                doubted += any(fault.warning for fault in faults)
                out.say(_line(faults, "fr"), _line(faults, "en")) if faults else None
                if out.json:
                    room = SHOWN - len(shown)
                    shown += [_told(fault) for fault in faults[:room]]
                    left_out += max(0, len(faults) - room)
    except OSError as error:
        raise ConfigurationError(
            f"{file}: cannot be read. Correct the path.",
            f"{file} : lecture impossible. Corrigez le chemin.",
        ) from error
    counts = {
        "resource": name, "read": read, "valid": read - refused, "refused": refused, "with_warnings": doubted,
    }  # fmt: skip
    out.document({**counts, "faults": shown, "faults_left_out": left_out})
    out.say(
        f"{read} documents lus, {read - refused} valides, {refused} refusés"
        f"{f', {doubted} à vérifier' if doubted else ''}.",
        f"{read} documents read, {read - refused} valid, {refused} refused"
        f"{f', {doubted} to be looked at' if doubted else ''}.",
    )
    return 1 if refused else 0


def _checked(kind: type[Record], lines: BinaryIO) -> Iterator[tuple[Fault, ...]]:
    """The faults of each line that is not blank. One line is held at a time, and of one, MOST_BYTES at most."""
    number = 0
    while line := lines.readline(MOST_BYTES + 1):
        number += 1
        if len(line) > MOST_BYTES:
            while line and not line.endswith(b"\n"):
                line = lines.readline(MOST_BYTES)
            yield (Fault(number, "(record)", "document-too-large"),)
        elif line.strip():
            yield _faults(kind, number, line)


def _faults(kind: type[Record], number: int, line: bytes) -> tuple[Fault, ...]:
    try:
        held = kind.model_validate_json(line)
    except ValidationError as error:
        return tuple(Fault(number, _place(path), rule) for path, rule in problems(error))
    return tuple(Fault(number, path, rule, warning=True) for path, rule in held.doubts())


def _place(path: str) -> str:
    """The path, without a name that only the document has and that no field could have: it may be a value."""
    return ".".join(part if _FIELD.fullmatch(part) else "?" for part in path.split("."))


def _line(faults: tuple[Fault, ...], language: str) -> str:
    """One line for one document: each place, its rule, what is wrong, what to do."""
    colon = " : " if language == "fr" else ": "
    said = [
        f"{fault.path}{colon}{fault.rule}. {rules.words(fault.rule).message(language)} "
        f"{rules.words(fault.rule).remedy(language)}"
        for fault in faults
    ]
    start = f"ligne {faults[0].line}" if language == "fr" else f"line {faults[0].line}"
    if faults[0].warning:
        start += ", à vérifier" if language == "fr" else ", to be looked at"
    return f"{start}{colon}{' | '.join(said)}"


def _told(fault: Fault) -> dict[str, Any]:
    words = rules.words(fault.rule)
    return {
        "line": fault.line, "path": fault.path, "rule": fault.rule,
        "level": "warning" if fault.warning else "error", "message_fr": words.french,
        "message_en": words.english, "remedy_fr": words.remedy_french, "remedy_en": words.remedy_english,
    }  # fmt: skip
