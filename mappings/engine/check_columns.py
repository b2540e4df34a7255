"""The part of the checker about what is read: streams, columns, joins, slots.

Silence is a fault here: a column that is neither read nor named in `never_read` is one.
"""

from collections.abc import Iterator

from canonical_model import rules
from mappings.engine.language import CONTEXT, Mapping
from mappings.engine.reading import near
from mappings.engine.result import Finding, Line


def findings(mapping: Mapping) -> Iterator[Finding]:
    """Every fault of what is read."""
    yield from _streams(mapping)
    yield from _references(mapping)
    yield from _unread(mapping)
    yield from _joins(mapping)
    yield from _slots(mapping)


def _streams(mapping: Mapping) -> Iterator[Finding]:
    used = {mapping.stream, *(join.stream for join in mapping.joins)}
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
    for field in mapping.fields:
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
    names = [join.stream for join in mapping.joins]
    for join in mapping.joins:
        if join.stream == mapping.stream or names.count(join.stream) > 1:
            yield Line(mapping.file, join.line).finding(
                "repeated-join",
                f"{join.stream} is joined twice, or to itself. Join each stream once.",
                f"{join.stream} est jointe deux fois, ou à elle-même. Joignez chaque flux une fois.",
            )
        if join.rule and join.rule not in rules.known():
            english, french = near(join.rule, rules.known())
            yield Line(mapping.file, join.line).finding(
                "unknown-rule",
                f"the rule {join.rule} has no words{english}. Add it to canonical_model/rules.yaml.",
                f"la règle {join.rule} n'a pas de texte{french}. Ajoutez-la à canonical_model/rules.yaml.",
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
