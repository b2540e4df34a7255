"""The part of the checker about what is filled: paths, functions, kinds, code maps, and what nobody fills."""

import re
from collections.abc import Iterator

from canonical_model import codings
from canonical_model.codings import Coding
from canonical_model.errors import ConfigurationError
from canonical_model.resources import NAMES
from mappings.engine.code_maps import TEXT, UNMAPPED, CodeMap
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import Call, Field, Mapping
from mappings.engine.reading import near
from mappings.engine.result import Finding, Line
from mappings.engine.targets import Target, at, model_of, resource_target


def findings(mapping: Mapping) -> Iterator[Finding]:
    """Every fault of what is filled."""
    if mapping.form is None and mapping.resource not in NAMES:
        english, french = near(mapping.resource, NAMES)
        yield Line(mapping.file, mapping.line("to")).finding(
            "unknown-resource",
            f"the model has no {mapping.resource}{english}. Correct `to`.",
            f"le modèle n'a pas de {mapping.resource}{french}. Corrigez `to`.",
        )
        return
    root = resource_target(model_of(mapping))
    for field in mapping.fields:
        line = Line(mapping.file, field.line)
        place = at(root, field.parts)
        if place is None:
            yield _unknown_path(line, field, root)
        elif place.kind in ("object", "objects"):
            yield line.finding(
                "not-a-value",
                f"{field.path} holds other paths. Fill those.",
                f"{field.path} contient d'autres chemins. Remplissez ceux-là.",
            )
        else:
            yield from _filling(mapping, field, place)
    yield from _lists(mapping, root)
    paths = {field.parts for field in mapping.leaves}
    yield from _positions(mapping, paths)
    yield from _unfilled(mapping, root, paths)


def _lists(mapping: Mapping, root: Target) -> Iterator[Finding]:
    """Each list leads to a list of objects, whose required places its fields fill."""
    for item in mapping.lists:
        line = Line(mapping.file, item.line)
        held = at(root, tuple(item.path.split(".")))
        inside = held.child("0") if held and held.kind == "objects" else None
        if inside is None:
            yield line.finding(
                "not-a-list",
                f"{item.path} is not a list of objects. Correct the path.",
                f"{item.path} n'est pas une liste d'objets. Corrigez le chemin.",
            )
            continue
        way = f"{item.path}."
        if any(field.path.startswith(way) for field in mapping.fields) or any(
            other.path.startswith(way) for other in mapping.lists
        ):
            yield line.finding(
                "filled-twice",
                f"{item.path} is made of child rows, and another field fills a part of it. Remove one.",
                f"{item.path} est fait de lignes filles, et un autre champ en remplit une partie. "
                "Retirez l'un des deux.",
            )
        for field in item.fields:
            place = at(inside, field.parts)
            if place is None:
                yield _unknown_path(Line(mapping.file, field.line), field, inside)
            else:
                yield from _filling(mapping, field, place)
        yield from _unfilled(mapping, inside, {field.parts for field in item.fields})


def _unknown_path(line: Line, field: Field, root: Target) -> Finding:
    """With the near name among the siblings of the first part that does not exist."""
    parent = root
    for part in field.parts:
        child = parent.child(part)
        if child is None:
            break
        parent = child
    siblings = tuple(name for name, _, _ in parent.children()) if parent.kind == "object" else ()
    english, french = near(part, siblings)
    return line.finding(
        "unknown-path",
        f"the resource has no {field.path}{english}. Correct the path.",
        f"la ressource n'a pas de {field.path}{french}. Corrigez le chemin.",
    )


def _filling(mapping: Mapping, field: Field, place: Target) -> Iterator[Finding]:
    """Faults of one field whose place exists: its functions, its code map, and the kind that comes out."""
    line = Line(mapping.file, field.line)
    kind = "text"
    for call in field.do:
        fault = _call(line, call, kind)
        if fault:
            yield fault
            return
        kind = FUNCTIONS[call.function].gives
    if field.code_map is not None:
        code_map = mapping.code_map(field.code_map)
        if code_map is None:
            yield line.finding(
                "unknown-code-map",
                f"codes/{field.code_map}.yaml is absent. Add the file, or correct the name.",
                f"codes/{field.code_map}.yaml est absent. Ajoutez le fichier, ou corrigez le nom.",
            )
            return
        if kind not in ("text", "list"):
            yield _clash(line, kind, "text")
            return
        if code_map.to != TEXT:
            kind = "codings" if kind == "list" else "coding"
        if kind == place.kind:
            yield from _code_map(code_map, place)
    if kind != place.kind and not (place.kind == "number" and kind == "integer"):
        yield _clash(line, kind, place.kind)
    elif field.constant is not None and (refused := _refused_constant(mapping, field, place)):
        yield line.finding(
            "refused-constant",
            f"the model refuses this constant ({refused}). Correct it.",
            f"le modèle refuse cette constante ({refused}). Corrigez-la.",
        )


def _refused_constant(mapping: Mapping, field: Field, place: Target) -> str | None:
    """The rule that a constant breaks; one that a code map translates must be in it on every day."""
    constant = (field.constant or "").replace("$organization", "000000")
    if field.code_map is None:
        return next(iter(place.refusals(constant)), None)
    code_map = mapping.code_map(field.code_map)
    always = code_map and any(
        entry.source == constant and entry.start is None and entry.end is None for entry in code_map.entries
    )
    return None if always else UNMAPPED


def _call(line: Line, call: Call, kind: str) -> Finding | None:
    function = FUNCTIONS.get(call.function)
    if function is None:
        english, french = near(call.function, tuple(FUNCTIONS))
        return line.finding(
            "unknown-function",
            f"there is no function {call.function}{english}. Correct the name.",
            f"la fonction {call.function} n'existe pas{french}. Corrigez le nom.",
        )
    fits = len(call.arguments) == len(function.arguments) and all(
        re.fullmatch(pattern, given)
        for pattern, given in zip(function.arguments, call.arguments, strict=True)
    )
    if not fits:
        return line.finding(
            "wrong-arguments",
            f"{call.function} does not take these arguments. See the table in mappings/README.md.",
            f"{call.function} ne prend pas ces arguments. Voyez le tableau de mappings/README.md.",
        )
    return None if function.takes == kind else _clash(line, kind, function.takes)


def _clash(line: Line, given: str, wanted: str) -> Finding:
    return line.finding(
        "type-clash",
        f"{given} is given where {wanted} is wanted. Add or change a function.",
        f"{given} est donné où {wanted} est attendu. Ajoutez ou changez une fonction.",
    )


def _code_map(code_map: CodeMap, place: Target) -> Iterator[Finding]:
    """Faults of a code map: a list that does not exist, a code that the model refuses at this place."""
    first = Line(code_map.file, 1)
    try:
        newest = None if code_map.to == TEXT else codings.versions(code_map.to)[-1]
    except ConfigurationError:
        yield first.finding(
            "unknown-code-list",
            f"there is no code list {code_map.to}. Correct `to`, or write `text`.",
            f"la liste de codes {code_map.to} n'existe pas. Corrigez `to`, ou écrivez `text`.",
        )
        return
    refusals = place.refuser()
    for entry in code_map.entries:
        value = (
            Coding(system=newest.system, version=newest.version, code=entry.target)
            if newest
            else entry.target
        )
        if refused := refusals(value):
            yield Line(code_map.file, entry.line).finding(
                "code-not-in-list",
                f"the model refuses {entry.target} at {place.path} ({refused[0]}). Correct the code.",
                f"le modèle refuse {entry.target} à {place.path} ({refused[0]}). Corrigez le code.",
            )


def _positions(mapping: Mapping, paths: set[tuple[str, ...]]) -> Iterator[Finding]:
    """Positions of a list start at 0 and leave no gap."""
    for field in mapping.fields:
        for depth, part in enumerate(field.parts):
            before = (*field.parts[:depth], str(int(part) - 1)) if part.isdecimal() and int(part) else ()
            if before and not any(path[: depth + 1] == before for path in paths):
                yield Line(mapping.file, field.line).finding(
                    "gap-in-list",
                    f"{field.path}: the position before {part} is not filled. Number from 0, without a gap.",
                    f"{field.path} : la position avant {part} n'est pas remplie. Numérotez de 0, sans trou.",
                )


def _unfilled(
    mapping: Mapping, place: Target, paths: set[tuple[str, ...]], way: tuple[str, ...] = ()
) -> Iterator[Finding]:
    """Required places that nobody fills; those of an optional object count once something of it is filled."""
    for name, child, required in place.children():
        below = (*way, name)
        filled = [path for path in paths if path[: len(below)] == below]
        if not filled:
            if required:
                path = ".".join(below)
                yield Line(mapping.file, mapping.line("fields")).finding(
                    "required-unfilled",
                    f"nobody fills {path}, which {mapping.resource} requires. Add the field.",
                    f"rien ne remplit {path}, que {mapping.resource} exige. Ajoutez le champ.",
                )
        elif child.kind == "object":
            yield from _unfilled(mapping, child, paths, below)
        elif child.kind == "objects":
            for position in sorted({path[len(below)] for path in filled if len(path) > len(below)}):
                item = child.child(position)
                if item is not None:
                    yield from _unfilled(mapping, item, paths, (*below, position))
