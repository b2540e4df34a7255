"""One static HTML page a mapping, and their index: made from the files, never by hand. Reads no record.

Needs no script, no network and no other file. French first, English beside it. Everything is escaped.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from html import escape

from canonical_model import codings, resources, rules
from canonical_model.elements import Described, described
from canonical_model.reference import STYLE, TYPE_WORDS, html_table, sensitivity_words
from mappings.engine import lineage
from mappings.engine.code_maps import TEXT, UNMAPPED, CodeMap, Entry
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import Condition, Field, Mapping
from mappings.engine.plan import AMBIGUOUS, BLANK_KEY, DUPLICATE_KEY

_e = partial(escape, quote=True)
_OWN_STYLE = """
td:nth-child(4) { min-width: 0 } td:nth-child(4) code { overflow-wrap: break-word }
.fields td:nth-child(2) { min-width: 16rem } .fields td:nth-child(3) { min-width: 12rem }
.fields td a { white-space: nowrap }
.steps { margin: 0; padding-left: 1.2rem } ul.plain { padding-left: 1.2rem; max-width: 80ch }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; margin: .8rem 0 }
.facts dt { font-weight: 600 } .facts dd, .facts dd code { margin: 0; overflow-wrap: anywhere }
@media (max-width: 40rem) { .facts { display: block } .facts dd { margin-bottom: .4rem } }
@media print { @page { size: landscape } .fields td { min-width: 0 !important } }
"""


def site(every: Sequence[Mapping], wanted: Sequence[Mapping] | None = None) -> dict[str, str]:
    """File name → page, for each mapping of `wanted` (all by default), and ``index.html`` with those made."""
    chosen = tuple(every if wanted is None else wanted)
    return {"index.html": index(chosen), **{file_name(item): page(item, every) for item in chosen}}


def file_name(mapping: Mapping) -> str:
    """``gpi_student.v1.html``."""
    return mapping.id.replace("/", "_").replace("@", ".v") + ".html"


def index(mappings: Sequence[Mapping]) -> str:
    """The list of the mappings, by system."""
    rows = "".join(
        f'<tr><th scope="row"><a href="{_e(file_name(item))}">{_e(item.id)}</a></th><td>{_e(item.resource)}</td>'
        f"<td>{', '.join(_code(stream.name) for stream in item.streams)}</td><td>{len(item.fields)}</td>"
        f"<td>{', '.join(_code(name) for name, _ in item.code_maps) or '–'}</td></tr>"
        for item in mappings
    )
    heads = [
        _two("Correspondance", "Mapping"), _two("Ressource", "Resource"), _two("Flux", "Streams"),
        _two("Champs", "Fields"), _two("Tables de codes", "Code maps"),
    ]  # fmt: skip
    body = html_table("Correspondances · Mappings", heads, rows)
    return _whole("Correspondances de Passerelle", "Mappings of Passerelle", body)


def page(mapping: Mapping, every: Sequence[Mapping] = ()) -> str:
    """The page of one mapping. `every`: those among which its other versions are found."""
    name = mapping.id.partition("@")[0]
    versions = [item for item in every if item.id.partition("@")[0] == name and item.id != mapping.id]
    parts = [
        _facts(mapping, versions),
        _section("rows", "Lignes", "Rows", _rows(mapping)),
        _section("fields", "Champs", "Fields", _fields(mapping)),
        _section("rules", "Règles de rejet", "Rules of reject", _glossary(mapping)),
        _section("not-read", "Colonnes jamais lues", "Columns never read", _never_read(mapping)),
    ]
    if mapping.code_maps:
        maps = "".join(_code_map(mapping, key, held) for key, held in mapping.code_maps)
        parts.append(_section("codes", "Tables de codes", "Code maps", maps))
    up = f'<p><a href="index.html">{_two("Toutes les correspondances", "All mappings")}</a></p>'
    return _whole(f"Correspondance {mapping.id}", f"Mapping {mapping.id}", up + "".join(parts))


def _whole(french: str, english: str, body: str) -> str:
    return "".join(
        [
            '<!doctype html>\n<html lang="fr"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_e(french)}</title><style>{STYLE}{_OWN_STYLE}</style></head><body>",
            '<a class="skip" href="#content">Aller au contenu · <span lang="en">Skip to content</span></a>',
            f'<header><h1>{_e(french)}</h1><p lang="en" class="soft">{_e(english)}</p></header>',
            f'<main id="content">{body}</main></body></html>\n',
        ]
    )


def _facts(mapping: Mapping, versions: Iterable[Mapping]) -> str:
    kind = _kind(mapping)
    facts = [
        (
            _two("Ressource", "Resource"),
            _code(mapping.resource) + (f" — section {_code(kind)}" if kind else ""),
        ),
        (_two("Flux principal", "Main stream"), _code(mapping.stream)),
        (_two("Clé d'une ligne", "Key of a row"), ", ".join(map(_code, mapping.key))),
        (_two("Fichier", "File"), _code(mapping.file)),
        ("SHA-256", _code(mapping.digest)),
    ]
    others = ", ".join(f'<a href="{_e(file_name(item))}">{_e(item.id)}</a>' for item in versions)
    if others:
        facts.append((_two("Autres versions", "Other versions"), others))
    return '<dl class="facts">' + "".join(f"<dt>{a}</dt><dd>{b}</dd>" for a, b in facts) + "</dl>"


def _section(place: str, french: str, english: str, body: str) -> str:
    return f'<section aria-labelledby="{place}"><h2 id="{place}">{_two(french, english)}</h2>{body}</section>'


# Rows: streams, joins, filters, unpivot


def _rows(mapping: Mapping) -> str:
    said = [*_streams(mapping), *_joins(mapping), *_filters(mapping), *_unpivot(mapping), *_lists(mapping)]
    return '<ul class="plain">' + "".join(f"<li>{_both(*item)}</li>" for item in said) + "</ul>"


def _streams(mapping: Mapping) -> Iterator[tuple[str, str]]:
    for stream in mapping.streams:
        french, english = {
            "freeze": ("une colonne non déclarée arrête la lecture", "an undeclared column stops the run"),
            "discard": ("une colonne non déclarée est ignorée", "an undeclared column is ignored"),
            "evolve": ("une colonne non déclarée est signalée", "an undeclared column is reported"),
        }.get(
            stream.unknown_columns,
            (f"colonne non déclarée : {stream.unknown_columns}", stream.unknown_columns),
        )
        name, count = _code(stream.name), len(stream.columns)
        yield f"{name} : {count} colonnes; {_e(french)}.", f"{name}: {count} columns; {_e(english)}."


def _joins(mapping: Mapping) -> Iterator[tuple[str, str]]:
    for join in mapping.joins:
        on = [f"{_code(mine)} = {_code(f'{join.stream}.{other}')}" for mine, other in join.on]
        name = _code(join.stream)
        french = f"Chaque ligne trouve au plus une ligne de {name} : {' et '.join(on)}."
        english = f"Each row finds at most one row of {name}: {' and '.join(on)}."
        if join.rule is None:
            yield (
                f"{french} Sans elle, la ligne continue, avec des vides.",
                f"{english} Without it, the row goes on.",
            )
        else:
            yield (
                f"{french} Sans elle, la ligne est rejetée : {_linked(join.rule)}.",
                f"{english} Without it, the row is rejected: {_linked(join.rule)}.",
            )


def _filters(mapping: Mapping) -> Iterator[tuple[str, str]]:
    for item in mapping.where:
        yield (
            f"Une ligne est gardée seulement si {_condition(mapping, item, 'fr')}.",
            f"A row is kept only if {_condition(mapping, item, 'en')}.",
        )


def _condition(mapping: Mapping, item: Condition, language: lineage.Language) -> str:
    alternatives = [
        f"{_code(read.name if read.stream == mapping.stream else f'{read.stream}.{read.name}')} "
        f"{_marked(lineage.tested(test, language))}"
        for read, test in item.alternatives
    ]
    return (" ou " if language == "fr" else " or ").join(alternatives)


def _unpivot(mapping: Mapping) -> Iterator[tuple[str, str]]:
    if mapping.unpivot is None:
        return
    slots = mapping.unpivot.slots
    columns = {name: [dict(slot.columns)[name] for slot in slots] for name in mapping.unpivot.names}
    shown = "; ".join(f"{_code(name)} = {_span(found)}" for name, found in columns.items())
    present = ", ".join(map(_code, mapping.unpivot.present))
    names = _span([slot.name for slot in slots])
    yield (
        (
            f"Une ligne donne jusqu'à {len(slots)} enregistrements, un par case {names} : {shown}. "
            f"Une case existe quand l'une de ces colonnes est remplie : {present}."
        ),
        (
            f"A row gives up to {len(slots)} records, one a slot {names}: {shown}. "
            f"A slot exists when one of these columns is filled: {present}."
        ),
    )


def _lists(mapping: Mapping) -> Iterator[tuple[str, str]]:
    for item in mapping.lists:
        on = [f"{_code(mine)} = {_code(f'{item.stream}.{other}')}" for mine, other in item.on]
        made = "; ".join(
            f"{_code(field.path)} ← {', '.join(_code(read.name) for read in field.reads) or '–'}"
            for field in item.fields
        )
        yield (
            f"Les lignes de {_code(item.stream)} ({' et '.join(on)}) font la liste {_code(item.path)} : {made}.",
            f"The rows of {_code(item.stream)} ({' and '.join(on)}) make the list {_code(item.path)}: {made}.",
        )


def _span(names: Sequence[str]) -> str:
    """All of a few names; the first and the last of many."""
    if len(names) > 4:
        return f"{_code(names[0])} … {_code(names[-1])}"
    return ", ".join(map(_code, names))


# Fields: column → steps → path → rule


def _fields(mapping: Mapping) -> str:
    heads = [
        _two("Source", "Source"), _two("Étapes", "Steps"), _two("Champ canonique", "Canonical path"),
        _two("Règles de rejet", "Rules of reject"), "Type",
        _two("Section, sensibilité", "Section, sensitivity"), _two("Ligne", "Line"),
    ]  # fmt: skip
    known = _described(mapping)
    rows = "".join(_field(mapping, field, known) for field in mapping.fields)
    return html_table("Champs · Fields", heads, rows, "fields")


def _field(mapping: Mapping, field: Field, known: dict[str, Described]) -> str:
    found = known.get(re.sub(r"\.\d+", "", field.path))
    label = (
        f'<br>{_e(found.french)} · <span lang="en" class="soft">{_e(found.english)}</span>' if found else ""
    )
    kind = _type(found) if found else ""
    section = f"{_code(found.section)}<br>{sensitivity_words(found.sensitivity)}" if found else ""
    cells = [
        _steps(mapping, field),
        f"{_code(field.path)}{label}",
        _rules(mapping, field, found),
        kind,
        section,
        str(field.line),
    ]
    return f'<tr><th scope="row">{_source(mapping, field)}</th>{"".join(f"<td>{c}</td>" for c in cells)}</tr>'


def _source(mapping: Mapping, field: Field) -> str:
    """The true columns; of a wide row, those of all its slots, or of the first and the last of many."""
    cells = _cells(mapping, field)
    if not cells:
        return _two("aucune colonne", "no column")
    return "<br>".join(_span(tuple(dict.fromkeys(names))) for names in zip(*cells, strict=True))


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
        f'<li>{_marked(one)}<br><span lang="en" class="soft">{_marked(other)}</span></li>'
        for one, other in zip(french, english, strict=True)
    )
    return f'<ol class="steps">{items}</ol>' if items else _two("tel quel", "as it is")


def _rules(mapping: Mapping, field: Field, found: Described | None) -> str:
    names = _broken(mapping, field, found)
    return "<br>".join(map(_linked, names)) or "–"


def _broken(mapping: Mapping, field: Field, found: Described | None) -> tuple[str, ...]:
    """What can refuse it here: its functions, its code map, a required place. The model's own checks come after."""
    names = [FUNCTIONS[call.function].rule for call in field.do]
    held = mapping.code_map(field.code_map) if field.code_map else None
    names += [UNMAPPED] if held is not None and held.unmapped == "refuse" and field.constant is None else []
    required = found is not None and found.required and _cells(mapping, field)
    names += ["missing"] if required else []
    return tuple(dict.fromkeys(name for name in names if name))


def _linked(rule: str) -> str:
    return f'<a href="#rule-{_e(rule)}">{_code(rule)}</a>'


def _glossary(mapping: Mapping) -> str:
    """Every rule that the page names, and those of rows, in words and with what to do."""
    known = _described(mapping)
    names = [BLANK_KEY, DUPLICATE_KEY, *((AMBIGUOUS,) if mapping.joins else ())]
    names += [join.rule for join in mapping.joins if join.rule]
    for field in mapping.fields:
        names += _broken(mapping, field, known.get(re.sub(r"\.\d+", "", field.path)))
    rows = "".join(_rule(name) for name in sorted(set(names)))
    heads = [_two("Règle", "Rule"), "Français", '<span lang="en">English</span>']
    after = _both(
        "Ensuite, le modèle canonique juge le document entier : un type, une longueur ou un identifiant mal "
        "formé est un rejet aussi.",
        "Then the canonical model judges the whole document: a type, a length or an identifier that is not well "
        "formed is a reject too.",
    )
    return html_table("Règles de rejet · Rules of reject", heads, rows, "codes") + f"<p>{after}</p>"


def _rule(name: str) -> str:
    words = rules.words(name)
    return (
        f'<tr><th scope="row" id="rule-{_e(name)}">{_code(name)}</th>'
        f"<td>{_e(words.french)} {_e(words.remedy_french)}</td>"
        f'<td lang="en">{_e(words.english)} {_e(words.remedy_english)}</td></tr>'
    )


def _type(found: Described) -> str:
    kind = _e(TYPE_WORDS.get(found.type, found.type))
    kind += f"<br>{_code(found.code_system)}" if found.code_system else ""
    return (
        f"{kind}<br>{_two('obligatoire', 'required') if found.required else _two('facultatif', 'optional')}"
    )


def _described(mapping: Mapping) -> dict[str, Described]:
    """What the model says of each path; nothing when the target is not a resource of the model."""
    name = mapping.resource.partition("@")[0]
    if name not in resources.NAMES:
        return {}
    kind = resources.resource(name)
    return {item.path.replace("[]", ""): item for item in described(kind, kind.SECTION)}


def _kind(mapping: Mapping) -> str:
    name = mapping.resource.partition("@")[0]
    return resources.resource(name).SECTION if name in resources.NAMES else ""


def _never_read(mapping: Mapping) -> str:
    if not mapping.never_read:
        return f"<p>{_two('Aucune : tout ce qui est déclaré est lu.', 'None: whatever is declared is read.')}</p>"
    items = "".join(f"<li>{_code(f'{item.stream}.{item.name}')}</li>" for item in mapping.never_read)
    return (
        f'<p>{_two("Laissées de côté à dessein.", "Left out on purpose.")}</p><ul class="plain">{items}</ul>'
    )


# Code maps


def _code_map(mapping: Mapping, name: str, held: CodeMap) -> str:
    place = f"codes-{_e(name)}"
    used = ", ".join(_code(field.path) for field in mapping.fields if field.code_map == name)
    policy = {
        "refuse": ("Un code absent est refusé.", "A code that is not here is refused."),
        "default": (
            f"Un code absent donne « {held.default} ».",
            f"A code that is not here gives “{held.default}”.",
        ),
        "keep-source": ("Un code absent est gardé tel quel.", "A code that is not here is kept as it is."),
    }.get(held.unmapped, (f"Un code absent : {held.unmapped}.", f"A code that is not here: {held.unmapped}."))
    to = _two("un texte", "a text") if held.to == TEXT else _code(held.to)
    heads = [
        _two("Code de la source", "Code of the source"), _two("Code canonique", "Canonical code"), "Français",
        '<span lang="en">English</span>', _two("Vaut", "Holds"), _two("Ligne", "Line"),
    ]  # fmt: skip
    rows = "".join(_entry(held, entry) for entry in held.entries)
    return (
        f'<section aria-labelledby="{place}"><h3 id="{place}">{_code(f"{mapping.system}/{name}")}</h3>'
        f"<p>{_code(held.file)} → {to}; {used}. {_two(*policy)}</p>"
        f"{html_table(f'Codes · {mapping.system}/{name}', heads, rows, 'codes')}</section>"
    )


def _entry(held: CodeMap, entry: Entry) -> str:
    french, english = _words(held, entry)
    return (
        f'<tr><th scope="row">{_code(entry.source)}</th><td>{_code(entry.target)}</td><td>{_e(french)}</td>'
        f'<td lang="en">{_e(english)}</td><td>{_dated(entry)}</td><td>{entry.line}</td></tr>'
    )


def _words(held: CodeMap, entry: Entry) -> tuple[str, str]:
    """The canonical labels, of the newest list that has the code and is not before the entry's end."""
    if held.to == TEXT:
        return "", ""
    having = [item.codes[entry.target] for item in codings.versions(held.to) if entry.target in item.codes]
    return (having[-1].french, having[-1].english) if having else ("", "")


def _dated(entry: Entry) -> str:
    start, end = (day.isoformat() if day else "…" for day in (entry.start, entry.end))
    return _two("toujours", "always") if (start, end) == ("…", "…") else f"[{start}, {end})"


def _both(french: str, english: str) -> str:
    return f'{french}<br><span lang="en" class="soft">{english}</span>'


def _marked(text: str) -> str:
    """Escaped, and what stands between backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _e(text))


def _two(french: str, english: str) -> str:
    if french == english:
        return _e(french)
    return f'{_e(french)} · <span lang="en" class="soft">{_e(english)}</span>'


def _code(text: str) -> str:
    return f"<code>{_e(text)}</code>"
