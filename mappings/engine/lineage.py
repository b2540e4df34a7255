"""Answers where a canonical value comes from: stream, true columns, steps, code map. Looks at no record."""

from typing import Literal

from canonical_model.errors import ConfigurationError
from mappings.engine.code_maps import TEXT
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import Field, Mapping, Reference, Test
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

    A position in a list is that written in the mapping.
    """
    parts = tuple(path.split("."))
    above = [field for field in mapping.fields if parts[: len(field.parts)] == field.parts]
    return tuple(above or [field for field in mapping.fields if field.parts[: len(parts)] == parts])


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
    if field.between:
        steps.append(
            f"mis bout à bout avec « {field.between} »" if french else f"put together with `{field.between}`"
        )
    if field.default is not None:
        steps.append(f"vide : « {field.default} »" if french else f"blank: `{field.default}`")
    if field.when is not None:
        steps.append(_when(field.when, french=french))
    for call in field.do:
        function = FUNCTIONS[call.function]
        steps.append((function.french if french else function.english).format(*call.arguments))
    if field.code_map is not None:
        name = f"{mapping.system}/{field.code_map}"
        steps.append(f"code traduit par la table {name}" if french else f"code translated by the map {name}")
    return steps


def _constant(text: str, *, french: bool) -> str:
    if "$organization" in text:
        return "code de l'organisme de la source" if french else "code of the source's organisation"
    return f"constante « {text} »" if french else f"constant `{text}`"


def _read(mapping: Mapping, reference: Reference, *, french: bool) -> list[str]:
    if reference.name == "$organization":
        return [_constant(reference.name, french=french)]
    if reference.name == "$slot":
        return ["d'après la colonne lue" if french else "from which column was read"]
    for join in mapping.joins:
        if join.stream == reference.stream:
            on = ", ".join(dict.fromkeys(other for _, other in join.on))
            words = (f"ligne de {join.stream} de même {on}", f"row of {join.stream} of same {on}")
            return [words[0] if french else words[1]]
    return []


def _when(test: Test, *, french: bool) -> str:
    words = {
        "numeric": ("un nombre", "a number"),
        "blank": ("vide", "blank"),
        "equals": (f"« {', '.join(test.values)} »", f"`{', '.join(test.values)}`"),
        "in": (f"parmi « {', '.join(test.values)} »", f"one of `{', '.join(test.values)}`"),
    }[test.kind]
    if french:
        verb = "n'est pas" if test.negated else "est"
        return f"seulement si la cellule {verb} {words[0]}"
    return f"only if the cell is {'not ' if test.negated else ''}{words[1]}"
