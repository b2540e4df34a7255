"""The part of the checker about what is read: streams, columns, joins, slots.

Silence is a fault here: a column that is neither read nor named in `never_read` is one.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from canonical_model import rules
from canonical_model.codings import Coding
from canonical_model.resources import NAMES, resource
from mappings.engine import conditions, forms, paths
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import CONTEXT, Mapping, Stream
from mappings.engine.reading import near
from mappings.engine.result import Finding, Line
from mappings.engine.targets import Target, peeled, resource_target

_ROOT = Path(__file__).resolve().parent.parent
_FORM = re.compile(r"([a-z][a-z0-9_]*)/([a-z][a-z0-9_]*)@([1-9][0-9]*)")


def findings(mapping: Mapping) -> Iterator[Finding]:
    """Every fault of what is read."""
    yield from _streams(mapping)
    yield from _references(mapping)
    yield from _unread(mapping)
    yield from _joins(mapping)
    yield from _out_of_reach(mapping)
    yield from _slots(mapping)
    yield from _contracts(mapping)
    yield from conditions.findings(mapping)


def _streams(mapping: Mapping) -> Iterator[Finding]:
    used = {mapping.stream, *(join.stream for join in mapping.joined)}
    for stream in mapping.streams:
        if stream.name not in used:
            yield Line(mapping.file, stream.line).finding(
                "unused-stream",
                f"the stream {stream.name} is neither `from` nor joined. Join it, or remove it.",
                f"le flux {stream.name} n'est ni `from` ni joint. Joignez-le, ou retirez-le.",
            )
        for column in sorted({c for c in stream.columns if stream.columns.count(c) > 1}):
            yield Line(mapping.file, stream.line).finding(
                "repeated-column",
                f"{stream.name}.{column} is declared twice. Remove one.",
                f"{stream.name}.{column} est déclarée deux fois. Retirez-en une.",
            )


def _references(mapping: Mapping) -> Iterator[Finding]:
    declared = {stream.name: stream.columns for stream in mapping.streams}
    if mapping.stream not in declared:
        yield _unknown_stream(mapping, mapping.stream, mapping.line("from"), tuple(declared))
    never = [(item.stream, item.name, mapping.line("never_read")) for item in mapping.never_read]
    for stream, column, line in (*mapping.columns_read(), *never):
        if stream not in declared:
            yield _unknown_stream(mapping, stream, line, tuple(declared))
        elif column not in declared[stream]:
            english, french = near(column, declared[stream])
            yield Line(mapping.file, line).finding(
                "unknown-column",
                f"{stream} has no column {column}{english}. Correct the name, or declare the column.",
                f"{stream} n'a pas de colonne {column}{french}. Corrigez le nom, ou déclarez la colonne.",
            )
    yield from _contexts(mapping)


def _unknown_stream(mapping: Mapping, stream: str, line: int, known: tuple[str, ...]) -> Finding:
    english, french = near(stream, known)
    return Line(mapping.file, line).finding(
        "unknown-stream",
        f"the stream {stream} is not declared{english}. Correct the name, or declare it.",
        f"le flux {stream} n'est pas déclaré{french}. Corrigez le nom, ou déclarez-le.",
    )


def _contexts(mapping: Mapping) -> Iterator[Finding]:
    known = CONTEXT if mapping.unpivot else CONTEXT[:1]
    for field in (*mapping.fields, *(field for item in mapping.lists for field in item.fields)):
        words = [reference.name for reference in field.reads if reference.kind == "context"]
        if field.constant and "$" in field.constant.replace("$organization", ""):
            words.append(field.constant)
        for word in words:
            if word not in known:
                choice = ", ".join(known)
                yield Line(mapping.file, field.line).finding(
                    "unknown-context",
                    f"{word}: only {choice} can stand here. Correct the word.",
                    f"{word} : seuls {choice} peuvent être écrits ici. Corrigez le mot.",
                )


def _unread(mapping: Mapping) -> Iterator[Finding]:
    read = {(stream, column) for stream, column, _ in mapping.columns_read()}
    never = {(reference.stream, reference.name) for reference in mapping.never_read}
    for stream in mapping.streams:
        for column in stream.columns:
            if (stream.name, column) not in read | never:
                yield Line(mapping.file, stream.line).finding(
                    "unread-column",
                    f"{stream.name}.{column} is not read. Read it, or name it in `never_read`.",
                    f"{stream.name}.{column} n'est pas lue. Lisez-la, ou nommez-la dans `never_read`.",
                )
    for name, column in sorted(read & never):
        yield Line(mapping.file, mapping.line("never_read")).finding(
            "read-and-never-read",
            f"{name}.{column} is read, and named in `never_read`. Remove one.",
            f"{name}.{column} est lue, et nommée dans `never_read`. Retirez l'un des deux.",
        )


def _joins(mapping: Mapping) -> Iterator[Finding]:
    names = [join.stream for join in mapping.joined]
    for join in mapping.joined:
        if join.stream == mapping.stream or names.count(join.stream) > 1:
            yield Line(mapping.file, join.line).finding(
                "repeated-join",
                f"{join.stream} is joined twice, or to itself. Join each stream once.",
                f"{join.stream} est jointe deux fois, ou à elle-même. Joignez chaque flux une fois.",
            )
    for join in mapping.joins:
        if join.rule and join.rule not in rules.known():
            english, french = near(join.rule, rules.known())
            yield Line(mapping.file, join.line).finding(
                "unknown-rule",
                f"the rule {join.rule} has no words{english}. Add it to canonical_model/rules.yaml.",
                f"la règle {join.rule} n'a pas de texte{french}. Ajoutez-la à canonical_model/rules.yaml.",
            )


def _out_of_reach(mapping: Mapping) -> Iterator[Finding]:
    """A list reads its own stream alone, and nothing else reads that one: a main row has many of its rows."""
    children = {item.stream for item in mapping.lists}
    found = [
        (item, field.line) for field in mapping.fields for item in field.reads if item.stream in children
    ]
    found += [(r, c.line) for c in mapping.where for r, _ in c.alternatives if r.stream in children]
    for child in mapping.lists:
        for field in child.fields:
            found += [(r, field.line) for r in field.reads if r.kind == "column" and r.stream != child.stream]
    for reference, line in found:
        column = f"{reference.stream}.{reference.name}"
        yield Line(mapping.file, line).finding(
            "out-of-reach",
            f"{column} cannot be read here: a list reads its own stream, and nothing else reads that one. "
            "Correct `read`.",
            f"{column} ne peut être lue ici : une liste lit son propre flux, et rien d'autre ne lit celui-ci. "
            "Corrigez `read`.",
        )


def _slots(mapping: Mapping) -> Iterator[Finding]:
    if mapping.unpivot is None:
        return
    declared = {column for stream in mapping.streams for column in stream.columns}
    used = {r.name for field in mapping.fields for r in field.reads if r.kind == "slot"}
    for name in mapping.unpivot.names:
        if name in declared:
            yield Line(mapping.file, mapping.unpivot.line).finding(
                "ambiguous-name",
                f"{name} names both a slot's column and a stream's. Give the slot's another name.",
                f"{name} nomme une case et une colonne. Donnez un autre nom à celui de la case.",
            )
        if name not in used:
            yield Line(mapping.file, mapping.unpivot.line).finding(
                "unread-column",
                f"{name} of `unpivot` is not read by any field. Read it, or remove it.",
                f"{name} de `unpivot` n'est lu par aucun champ. Lisez-le, ou retirez-le.",
            )


def _contracts(mapping: Mapping) -> Iterator[Finding]:
    """Types and paths that a stream's contract names."""
    for stream in mapping.streams:
        line = Line(mapping.file, stream.line)
        for column, function in stream.types:
            if column not in stream.columns:
                english, french = near(column, stream.columns)
                yield line.finding(
                    "unknown-column",
                    f"{stream.name} has no column {column}{english}. Correct `types`.",
                    f"{stream.name} n'a pas de colonne {column}{french}. Corrigez `types`.",
                )
            readers = tuple(name for name, held in FUNCTIONS.items() if held.rule and not held.arguments)
            if function not in readers:
                english, french = near(function, readers)
                yield line.finding(
                    "unknown-type",
                    f"{function} is not a type{english}. One of {', '.join(readers)}.",
                    f"{function} n'est pas un type{french}. Un parmi {', '.join(readers)}.",
                )
        if stream.resource:
            yield from _documents(stream, line)


def _documents(stream: Stream, line: Line) -> Iterator[Finding]:
    model = _described(stream.resource)
    if model is None:
        english, french = near(stream.resource, NAMES)
        yield line.finding(
            "unknown-resource",
            f"the model has no {stream.resource}{english}. Correct `resource`.",
            f"le modèle n'a pas de {stream.resource}{french}. Corrigez `resource`.",
        )
        return
    root = resource_target(model)
    for column, path in stream.paths:
        if not _known(root, path):
            yield line.finding(
                "unknown-path",
                f"{stream.resource} has no {path} for {column}. Correct the path.",
                f"{stream.resource} n'a pas de {path} pour {column}. Corrigez le chemin.",
            )


def _described(name: str) -> type[BaseModel] | None:
    """What the documents of a stream are like: a resource, or a form, as ``oneroster/user@1``."""
    if name in NAMES:
        return resource(name)
    match = _FORM.fullmatch(name)
    path = _ROOT / match[1] / "forms" / f"{match[2]}.v{match[3]}.yaml" if match else None
    return forms.load(path, _ROOT).model if path and path.is_file() else None


def _known(root: Target, path: str) -> bool:
    """Whether the resource has that place, and each choice among items looks at a member that they have."""
    try:
        paths.steps(path)
    except ValueError:
        return False
    choices = [f"{above}.0.{member}" for above, member in paths.chosen_by(path)]
    return all(_readable(root, way) for way in (paths.plain(path), *choices))


def _readable(root: Target, path: str) -> bool:
    """Whether a document may hold something there: a mapping fills a coding or a list whole, but may read in part."""
    held: Target | None = root
    *above, last = path.split(".")
    for part in above:
        held = _below(held, part) if held else None
    if held is not None and held.kind == "coding":
        return last in Coding.model_fields
    return held is not None and _below(held, last) is not None


def _below(place: Target, part: str) -> Target | None:
    if place.kind in ("list", "codings") and part.isdecimal():
        return Target(f"{place.path}.{part}", get_args(peeled(place.annotation)[0])[0])
    return place.child(part)
