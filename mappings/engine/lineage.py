"""Answers where a canonical value comes from: stream, true columns, steps, code map. Looks at no record."""

from dataclasses import replace
from typing import Literal

from canonical_model.errors import ConfigurationError
from mappings.engine.code_maps import TEXT
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import ChildList, Field, Mapping, Reference, Test
from mappings.engine.result import RECORD, Lineage

Language = Literal["fr", "en"]


def explain(mapping: Mapping, path: str, slot: str | None = None, *, language: Language = "fr") -> Lineage:
    """The lineage of one canonical path; `slot` as the place of the resource has it (``02``).

    A path that holds others (``mark``) answers for all of them; one that the mapping leaves to the
    model's default has no column and says so. Raises ConfigurationError when the slot is missing or unknown.
    """
    fields = fields_at(mapping, path)
    cells = cells_of(mapping, fields, slot)
    stream = cells[0][0] if cells else mapping.stream
    code_map = next((field.code_map for field in fields if field.code_map), None)
    held = mapping.code_map(code_map) if code_map else None
    steps = tuple(step for field in fields for step in _steps(mapping, field, language))
    if not fields:
        steps = ("valeur par défaut du modèle",) if language == "fr" else ("default value of the model",)
    return Lineage(
        stream=stream,
        columns=tuple(column if name == stream else f"{name}.{column}" for name, column in cells),
        steps=tuple(dict.fromkeys(steps)),
        code_map=f"{mapping.system}/{code_map}" if code_map else None,
        code_list=held.to if held and held.to != TEXT else None,
    )


def fields_at(mapping: Mapping, path: str) -> tuple[Field, ...]:
    """The fields that fill a path: the one of that path or of a path above it, else those below it.

    A position in a list is that written in the mapping; below a list of child rows, the one asked for.
    """
    parts = tuple(path.split("."))
    for item in mapping.lists:
        way = tuple(item.path.split("."))
        if parts[: len(way)] == way:
            position, below = (*parts[len(way) : len(way) + 1], "0")[0], parts[len(way) + 1 :]
            return tuple(
                replace(field, path=f"{item.path}.{position}.{field.path}")
                for field in _within(item.fields, below) or item.fields
            )
    return _within(mapping.fields, parts) + tuple(
        field
        for item in mapping.lists
        if tuple(item.path.split("."))[: len(parts)] == parts
        for field in fields_at(mapping, item.path)
    )


def _within(fields: tuple[Field, ...], parts: tuple[str, ...]) -> tuple[Field, ...]:
    above = [field for field in fields if parts[: len(field.parts)] == field.parts]
    return tuple(above or [field for field in fields if field.parts[: len(parts)] == parts])


def cells_of(mapping: Mapping, fields: tuple[Field, ...], slot: str | None) -> tuple[tuple[str, str], ...]:
    """(stream, column) that the fields read, each once, in order. Raises ConfigurationError as `explain`."""
    found: list[tuple[str, str]] = []
    for field in fields:
        for reference in field.reads:
            found += _cells(mapping, reference, slot)
    return tuple(dict.fromkeys(found))


def place(mapping: Mapping, path: str, slot: str | None) -> str:
    """The column of a reject: of the main stream, or ``stream.column``; several are joined by ``, ``."""
    if path == RECORD:
        return ""
    cells = cells_of(mapping, fields_at(mapping, path), slot)
    return ", ".join(column if name == mapping.stream else f"{name}.{column}" for name, column in cells)


def _cells(mapping: Mapping, reference: Reference, slot: str | None) -> list[tuple[str, str]]:
    if reference.kind == "column":
        return [(reference.stream, reference.name)]
    if mapping.unpivot is None or not reference.per_slot:
        return []
    for held in mapping.unpivot.slots:
        if held.name == slot:
            wanted = {reference.name} if reference.kind == "slot" else set(mapping.unpivot.present)
            return [(mapping.stream, column) for name, column in held.columns if name in wanted]
    names = f"{mapping.unpivot.slots[0].name} … {mapping.unpivot.slots[-1].name}"
    raise ConfigurationError(
        f"{mapping.id}: one row gives several records, and this slot is not one of {names}. Name the slot.",
        f"{mapping.id} : une ligne donne plusieurs enregistrements, et cette case n'est pas parmi {names}. "
        "Nommez la case.",
    )


def _steps(mapping: Mapping, field: Field, language: Language) -> list[str]:
    french = language == "fr"
    steps = [] if field.constant is None else [_constant(field.constant, french=french)]
    for reference in field.reads:
        steps += _read(mapping, reference, french=french)
    steps += _combined(field, french=french)
    if field.default is not None:
        steps.append(
            f"vide : remplacé par « {field.default} »"
            if french
            else f"blank: replaced with `{field.default}`"
        )
    if field.when is not None:
        steps.append(_when(field.when, french=french))
    for call in field.do:
        function = FUNCTIONS[call.function]
        steps.append((function.french if french else function.english).format(*call.arguments))
    if field.code_map is not None:
        name = f"{mapping.system}/{field.code_map}"
        steps.append(f"code traduit par la table {name}" if french else f"code translated by the map {name}")
        held = mapping.code_map(field.code_map)
        if held is not None and held.unmapped == "default":
            words = (f"code hors de la table : « {held.default} »", f"code outside the map: `{held.default}`")
            steps.append(words[0] if french else words[1])
    return steps


def _combined(field: Field, *, french: bool) -> list[str]:
    """How several columns became one value."""
    words = {
        "alone": None,
        "between": (f"mis bout à bout avec « {field.between} »", f"put together with `{field.between}`"),
        "first": ("la première case remplie", "the first that is filled"),
        "percent": (
            "la première case en pour cent de la seconde, à deux décimales",
            "the first as a percentage of the second, to two decimals",
        ),
    }[field.combine]
    return [] if words is None else [words[0] if french else words[1]]


def _constant(text: str, *, french: bool) -> str:
    if "$organization" in text:
        return "code de l'organisme de la source" if french else "code of the source's organisation"
    return f"constante « {text} »" if french else f"constant `{text}`"


def _read(mapping: Mapping, reference: Reference, *, french: bool) -> list[str]:
    if reference.name == "$organization":
        return [_constant(reference.name, french=french)]
    if reference.name == "$slot":
        return ["d'après la colonne lue" if french else "from which column was read"]
    for join in mapping.joined:
        if join.stream == reference.stream:
            on = ", ".join(dict.fromkeys(other for _, other in join.on))
            words = (f"ligne de {join.stream} de même {on}", f"row of {join.stream} of same {on}")
            if isinstance(join, ChildList):
                words = (f"lignes de {join.stream} de même {on}", f"rows of {join.stream} of same {on}")
                order = ", ".join(join.order)
                ordered = (f", par {order}", f", by {order}") if order else ("", "")
                words = (
                    f"{words[0]}, un élément chacune{ordered[0]}",
                    f"{words[1]}, an item each{ordered[1]}",
                )
            return [words[0] if french else words[1]]
    return []


def tested(test: Test, language: Language) -> str:
    """A condition in words, after the name of what is looked at: ``n'est pas vide``, ``is not blank``."""
    words = {
        "numeric": ("un nombre", "a number"),
        "blank": ("vide", "blank"),
        "equals": (f"« {', '.join(test.values)} »", f"`{', '.join(test.values)}`"),
        "before": (f"avant le {', '.join(test.values)}", f"before {', '.join(test.values)}"),
        "after": (f"le {', '.join(test.values)} ou après", f"on {', '.join(test.values)} or later"),
        "in": (f"parmi « {', '.join(test.values)} »", f"one of `{', '.join(test.values)}`"),
    }[test.kind]
    if language == "fr":
        verb = "n'est pas" if test.negated else "est"
        return f"{verb} {words[0]}"
    return f"is {'not ' if test.negated else ''}{words[1]}"


def _when(test: Test, *, french: bool) -> str:
    if french:
        return f"seulement si la cellule {tested(test, 'fr')}"
    return f"only if the cell {tested(test, 'en')}"
