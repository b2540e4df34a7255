"""`passerelle model …`: what the canonical model holds, its schemas, its reference page, and whether a file fits it.

Shows places and rules, never a value of a document.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

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
    mutation: Annotated[
        str | None,
        typer.Option(
            "--mutation",
            metavar="type|code|missing|extra|range|all",
            help="Une faute de cette sorte par document; all : chaque sorte à son tour.",
        ),
    ] = None,
    expect: Annotated[
        Path | None,
        typer.Option(
            "--expect",
            metavar="ATTENDUS.jsonl",
            help="Avec --mutation : où écrire l'endroit et la règle de chaque faute, pour `model validate`.",
        ),
    ] = None,
) -> None:
    """Des documents inventés, un par ligne : valides, ou fautifs avec --mutation. Jamais pour un vrai dossier."""
    from canonical_model.generated import KINDS, documents, mutated  # noqa: PLC0415 - slow, and only used here

    context.output(ctx)
    resources.resource(name)
    if mutation is None and expect is None:
        for document in documents(name, count, seed):
            typer.echo(orjson.dumps(document))
        return
    kinds = tuple(kind for kind in KINDS if mutation in (kind, "all"))
    if not kinds:
        known = ", ".join((*KINDS, "all"))
        raise ConfigurationError(
            f"--mutation: choose among {known}.", f"--mutation : choisissez parmi {known}."
        )
    with _opened(expect or Path(os.devnull), "wb") as expected:
        for line, fault in enumerate(mutated(name, count, seed, kinds), 1):
            typer.echo(orjson.dumps(fault.document))
            expected.write(orjson.dumps({"line": line, "path": fault.path, "rule": fault.rule}) + b"\n")


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
    *,
    expect: Annotated[
        Path | None,
        typer.Option(
            "--expect",
            metavar="ATTENDUS.jsonl",
            help="Les fautes attendues (`model sample --expect`) : réussit quand elles seules sont refusées.",
        ),
    ] = None,
) -> int:
    """Vérifier des documents, un par ligne : une ligne par document refusé, avec l'endroit, la règle et le remède."""
    out = context.output(ctx)
    kind = resources.resource(name)
    expected = _expected(expect) if expect else {}
    shown: list[dict[str, Any]] = []
    read = refused = left_out = doubted = as_expected = 0
    with _opened(file, "rb") as lines:
        for faults in _checked(kind, lines):
            read += 1
            refused += any(not fault.warning for fault in faults)
            doubted += any(fault.warning for fault in faults)
            if any(expected.get(fault.line) == (fault.path, fault.rule) for fault in faults):
                as_expected += 1
                continue
            out.say(_line(faults, "fr"), _line(faults, "en")) if faults else None
            if out.json:
                room = SHOWN - len(shown)
                shown += [_told(fault) for fault in faults[:room]]
                left_out += max(0, len(faults) - room)
    counts = {
        "resource": name, "read": read, "valid": read - refused, "refused": refused, "with_warnings": doubted,
    } | ({"expected": len(expected), "as_expected": as_expected} if expect else {})  # fmt: skip
    out.document({**counts, "faults": shown, "faults_left_out": left_out})
    out.say(
        f"{read} documents lus, {read - refused} valides, {refused} refusés"
        f"{f', {doubted} à vérifier' if doubted else ''}.",
        f"{read} documents read, {read - refused} valid, {refused} refused"
        f"{f', {doubted} to be looked at' if doubted else ''}.",
    )
    if not expect:
        return 1 if refused else 0
    out.say(
        f"{len(expected)} refus attendus, {as_expected} à l'endroit et par la règle attendus.",
        f"{len(expected)} refusals expected, {as_expected} at the place and by the rule expected.",
    )
    return 0 if len(expected) == as_expected == refused else 1


@contextmanager
def _opened(file: Path, mode: Literal["rb", "wb"]) -> Iterator[BinaryIO]:
    try:
        with file.open(mode) as held:
            yield held
    except OSError as error:
        raise ConfigurationError(
            f"{file}: cannot be opened. Correct the path.",
            f"{file} : ouverture impossible. Corrigez le chemin.",
        ) from error


def _expected(file: Path) -> dict[int, tuple[str, str]]:
    """Line → the place and the rule by which it is to be refused."""
    with _opened(file, "rb") as lines:
        try:
            found = [orjson.loads(line) for line in lines if line.strip()]
            return {one["line"]: (one["path"], one["rule"]) for one in found}
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{file}: not what `model sample --expect` writes. Name that file.",
                f"{file} : ce n'est pas ce qu'écrit `model sample --expect`. Nommez ce fichier.",
            ) from error


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
