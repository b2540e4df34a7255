"""The fields of a mapping's page: column, steps, path, rules and type, list by list. Looks at no record.

What is said of a path is the model's, or the form's where the mapping makes a document of another system.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from canonical_model import resources, rules
from canonical_model.elements import Described, described, element_of, opened
from canonical_model.reference import TYPE_WORDS, html_table, sensitivity_words
from mappings.engine import lineage, targets
from mappings.engine.code_maps import UNMAPPED
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import ChildList, Field, Mapping
from mappings.engine.page_html import both, code, e, marked, span, two
from mappings.engine.plan import AMBIGUOUS, BLANK_KEY, DUPLICATE_KEY

_FORM_WORDS = MappingProxyType(
    {"float": "nombre · number", "AwareDatetime": "moment", "object": "objet · object"}
)
_SIGNS = MappingProxyType(
    {"ge": "≥ ", "le": "≤ ", "min_length": "min. ", "max_length": "max. ", "pattern": ""}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known of one path. `kind` and `section` are HTML."""

    french: str
    english: str
    meaning: str
    kind: str
    section: str
    required: bool


def fields(mapping: Mapping) -> str:
    """The table of the fields, then one for each list of child rows."""
    known = _known(mapping)
    own = _table("Champs · Fields", mapping, [(item, item.path) for item in mapping.fields], known)
    return own + "".join(_list(mapping, child, known) for child in mapping.lists)


def _list(mapping: Mapping, child: ChildList, known: dict[str, _Place]) -> str:
    place = f"list-{e(child.path)}"
    on = [f"{code(mine)} = {code(f'{child.stream}.{other}')}" for mine, other in child.on]
    order = ", ".join(map(code, child.order))
    said = both(
        f"Un élément pour chaque ligne de {code(child.stream)} où {' et '.join(on)}"
        + (f", dans l'ordre de {order}." if order else ", dans l'ordre des lignes."),
        f"An item for each row of {code(child.stream)} where {' and '.join(on)}"
        + (f", in the order of {order}." if order else ", in the order of the rows."),
    )
    found = known.get(child.path)
    label = f" — {two(found.french, found.english)}" if found else ""
    shown = [f"{child.path}[].{field.path}" for field in child.fields]
    items = list(zip(_listed(child), shown, strict=True))
    return (
        f'<section aria-labelledby="{place}"><h3 id="{place}">{two("Liste", "List")} {code(child.path)}{label}</h3>'
        f"<p>{said}</p>{_table(f'Liste · List {child.path}', mapping, items, known)}</section>"
    )


def _table(
    caption: str, mapping: Mapping, items: Sequence[tuple[Field, str]], known: dict[str, _Place]
) -> str:
    """`items`: each field, and its path as it is shown."""
    heads = [
        two("Source", "Source"), two("Étapes", "Steps"),
        two("Champ du gabarit", "Path in the form") if mapping.form else two("Champ canonique", "Canonical path"),
        two("Règles de rejet", "Rules of reject"), "Type",
        *([] if mapping.form else [two("Section, sensibilité", "Section, sensitivity")]), two("Ligne", "Line"),
    ]  # fmt: skip
    rows = "".join(_field(mapping, field, path, known) for field, path in items)
    return html_table(caption, heads, rows, "fields")


def _field(mapping: Mapping, field: Field, path: str, known: dict[str, _Place]) -> str:
    found = known.get(_plain(field.path))
    cells = [_steps(mapping, field), f"{code(path)}{_label(found)}", _rules(mapping, field, found)]
    cells.append(found.kind if found else "")
    if mapping.form is None:
        cells.append(found.section if found else "")
    cells.append(str(field.line))
    return f'<tr><th scope="row">{_source(mapping, field)}</th>{"".join(f"<td>{c}</td>" for c in cells)}</tr>'


def _label(found: _Place | None) -> str:
    if found is None:
        return ""
    meaning = f'<br><span class="soft">{e(found.meaning)}</span>' if found.meaning else ""
    return f"<br>{two(found.french, found.english)}{meaning}"


def _listed(child: ChildList) -> tuple[Field, ...]:
    """The fields of a list with their whole paths, those of its first item."""
    return tuple(replace(field, path=f"{child.path}.0.{field.path}") for field in child.fields)


def _source(mapping: Mapping, field: Field) -> str:
    """The true columns; of a wide row, those of all its slots, or of the first and the last of many."""
    cells = _cells(mapping, field)
    if not cells:
        return two("aucune colonne", "no column")
    return "<br>".join(span(tuple(dict.fromkeys(names))) for names in zip(*cells, strict=True))


def _cells(mapping: Mapping, field: Field) -> list[list[str]]:
    """The columns that the field reads, once for each slot."""
    slots: list[str | None] = [None]
    if mapping.unpivot is not None and any(item.per_slot for item in field.reads):
        slots = [slot.name for slot in mapping.unpivot.slots]
    found = [lineage.cells_of(mapping, (field,), slot) for slot in slots]
    return [[f"{stream}.{column}" for stream, column in cells] for cells in found if cells]


def _steps(mapping: Mapping, field: Field) -> str:
    slot = mapping.unpivot.slots[0].name if mapping.unpivot else None
    french = lineage.explain(mapping, field.path, slot, language="fr").steps
    english = lineage.explain(mapping, field.path, slot, language="en").steps
    items = "".join(
        f'<li>{marked(one)}<br><span lang="en" class="soft">{marked(other)}</span></li>'
        for one, other in zip(french, english, strict=True)
    )
    return f'<ol class="steps">{items}</ol>' if items else two("tel quel", "as it is")


def _rules(mapping: Mapping, field: Field, found: _Place | None) -> str:
    names = _broken(mapping, field, found)
    return "<br>".join(map(linked, names)) or "–"


def _broken(mapping: Mapping, field: Field, found: _Place | None) -> tuple[str, ...]:
    """What can refuse it here: its functions, its code map, a required place. The model's own checks come after."""
    names = [FUNCTIONS[call.function].rule for call in field.do]
    held = mapping.code_map(field.code_map) if field.code_map else None
    names += [UNMAPPED] if held is not None and held.unmapped == "refuse" and field.constant is None else []
    required = found is not None and found.required and _cells(mapping, field)
    names += ["missing"] if required else []
    return tuple(dict.fromkeys(name for name in names if name))


def linked(rule: str) -> str:
    """A rule, with the way to its words."""
    return f'<a href="#rule-{e(rule)}">{code(rule)}</a>'


def glossary(mapping: Mapping) -> str:
    """Every rule that the page names, and those of rows, in words and with what to do."""
    known = _known(mapping)
    names = [BLANK_KEY, DUPLICATE_KEY, *((AMBIGUOUS,) if mapping.joins else ())]
    names += [join.rule for join in mapping.joins if join.rule]
    for field in (*mapping.fields, *(item for child in mapping.lists for item in _listed(child))):
        names += _broken(mapping, field, known.get(_plain(field.path)))
    rows = "".join(_rule(name) for name in sorted(set(names)))
    heads = [two("Règle", "Rule"), "Français", '<span lang="en">English</span>']
    judge = ("le gabarit", "the form") if mapping.form else ("le modèle canonique", "the canonical model")
    after = both(
        f"Ensuite, {judge[0]} juge le document entier : un type, une longueur ou un identifiant mal formé est "
        "un rejet aussi.",
        f"Then {judge[1]} judges the whole document: a type, a length or an identifier that is not well "
        "formed is a reject too.",
    )
    return html_table("Règles de rejet · Rules of reject", heads, rows, "codes") + f"<p>{after}</p>"


def _rule(name: str) -> str:
    words = rules.words(name)
    return (
        f'<tr><th scope="row" id="rule-{e(name)}">{code(name)}</th>'
        f"<td>{e(words.french)} {e(words.remedy_french)}</td>"
        f'<td lang="en">{e(words.english)} {e(words.remedy_english)}</td></tr>'
    )


def _plain(path: str) -> str:
    """A path without its positions."""
    return re.sub(r"\.\d+", "", path)


def _known(mapping: Mapping) -> dict[str, _Place]:
    """What the model, or the form, says of each path."""
    if mapping.form is not None:
        return dict(_of_form(mapping.form.model))
    kind = resources.resource(mapping.resource)
    return {item.path.replace("[]", ""): _of_model(item) for item in described(kind, kind.SECTION)}


def _of_model(found: Described) -> _Place:
    kind = _typed(found.type, [code(found.code_system)] if found.code_system else [], required=found.required)
    section = f"{code(found.section)}<br>{sensitivity_words(found.sensitivity)}"
    return _Place(found.french, found.english, "", kind, section, required=found.required)


def _of_form(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, _Place]]:
    for name, field in model.model_fields.items():
        element = element_of(model, name)
        inner, many, _ = opened(field)
        below = isinstance(inner, type) and issubclass(inner, BaseModel)
        limits = [two("plusieurs", "many")] if many else []
        limits += [code(limit) for limit in _limits(Annotated[(field.annotation, *field.metadata)])]
        word = "object" if below else getattr(inner, "__name__", str(inner))
        yield (
            f"{above}{name}",
            _Place(
                french=element.french,
                english=element.english,
                meaning=element.meaning,
                kind=_typed(word, limits, required=field.is_required()),
                section="",
                required=field.is_required(),
            ),
        )
        if below:
            yield from _of_form(inner, f"{above}{name}.")


def _limits(annotation: Any) -> Iterator[str]:
    """The words of a closed choice, lengths, bounds and pattern; those of the items after those of their list."""
    bare, checks = targets.peeled(annotation)
    if get_origin(bare) is Literal:
        yield ", ".join(get_args(bare))
    for check in (inner for item in checks for inner in (item, *getattr(item, "metadata", ()))):
        for name, sign in _SIGNS.items():
            limit = getattr(check, name, None)
            if isinstance(limit, int | float | Decimal | str) and (name, limit) != ("min_length", 1):
                yield f"{sign}{limit}"
    if get_origin(bare) is tuple:
        yield from _limits(get_args(bare)[0])


def _typed(name: str, limits: Sequence[str], *, required: bool) -> str:
    words = {**TYPE_WORDS, **_FORM_WORDS}.get(name, name)
    needed = two("obligatoire", "required") if required else two("facultatif", "optional")
    return "<br>".join([e(words), *limits, needed])
