"""One static HTML page a mapping, and their index: made from the files, never by hand. Reads no record.

Needs no script, no network and no other file. French first, English beside it. Everything is escaped.
"""

from collections.abc import Iterable, Iterator, Sequence

from canonical_model import resources
from canonical_model.reference import STYLE, html_table
from mappings.engine import lineage
from mappings.engine.forms import Form
from mappings.engine.language import Condition, Mapping, Stream
from mappings.engine.page_codes import code_map
from mappings.engine.page_fields import fields, glossary, linked
from mappings.engine.page_html import both, code, e, marked, section, span, two

_OWN_STYLE = """
td:nth-child(4) { min-width: 0 } td:nth-child(4) code { overflow-wrap: break-word }
.index tbody th { min-width: 19rem } .fields th { min-width: 17rem }
.fields td:nth-child(3) { min-width: 14rem } .fields thead th { min-width: 0 }
.fields td:nth-child(2) { min-width: 15rem } .fields td:nth-child(4) { min-width: 7rem }
.fields td:nth-child(5) { min-width: 8rem } .fields td:nth-child(4) a { white-space: nowrap }
.fields code, .steps, .index th, .index td, .index td code { overflow-wrap: anywhere }
.fields td:nth-child(6) code { white-space: nowrap }
.steps { margin: 0; padding-left: 1.2rem } ul.plain { padding-left: 1.2rem; max-width: 80ch }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; margin: .8rem 0 }
.facts dt { font-weight: 600 } .facts dd, .facts dd code { margin: 0; overflow-wrap: anywhere }
@media (max-width: 40rem) { .facts { display: block } .facts dd { margin-bottom: .4rem } }
@media print { @page { size: landscape } .fields td, .fields th, .index th { min-width: 0 !important } }
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
        f'<tr><th scope="row"><a href="{e(file_name(item))}">{e(item.id)}</a></th><td>{e(item.resource)}</td>'
        f"<td>{', '.join(code(stream.name) for stream in item.streams)}</td><td>{_filled(item)}</td>"
        f"<td>{', '.join(code(name) for name, _ in item.code_maps) or '–'}</td></tr>"
        for item in mappings
    )
    heads = [
        two("Correspondance", "Mapping"), two("Ressource ou gabarit", "Resource or form"), two("Flux", "Streams"),
        two("Champs", "Fields"), two("Tables de codes", "Code maps"),
    ]  # fmt: skip
    body = html_table("Correspondances · Mappings", heads, rows, "index")
    return _whole("Correspondances de Passerelle", "Mappings of Passerelle", body)


def _filled(mapping: Mapping) -> int:
    """How many paths it fills, those of one item of each list included."""
    return len(mapping.fields) + sum(len(child.fields) for child in mapping.lists)


def page(mapping: Mapping, every: Sequence[Mapping] = ()) -> str:
    """The page of one mapping. `every`: those among which its other versions are found."""
    name = mapping.id.partition("@")[0]
    versions = [item for item in every if item.id.partition("@")[0] == name and item.id != mapping.id]
    parts = [
        _facts(mapping, versions),
        section("rows", "Lignes", "Rows", _rows(mapping)),
        section("fields", "Champs", "Fields", fields(mapping)),
        section("rules", "Règles de rejet", "Rules of reject", glossary(mapping)),
        section("not-read", "Colonnes jamais lues", "Columns never read", _never_read(mapping)),
    ]
    if mapping.code_maps:
        maps = "".join(code_map(mapping, key, held) for key, held in mapping.code_maps)
        parts.append(section("codes", "Tables de codes", "Code maps", maps))
    up = f'<p><a href="index.html">{two("Toutes les correspondances", "All mappings")}</a></p>'
    return _whole(f"Correspondance {mapping.id}", f"Mapping {mapping.id}", up + "".join(parts))


def _whole(french: str, english: str, body: str) -> str:
    return "".join(
        [
            '<!doctype html>\n<html lang="fr"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{e(french)}</title><style>{STYLE}{_OWN_STYLE}</style></head><body>",
            '<a class="skip" href="#content">Aller au contenu · <span lang="en">Skip to content</span></a>',
            f'<header><h1>{e(french)}</h1><p lang="en" class="soft">{e(english)}</p></header>',
            f'<main id="content">{body}</main></body></html>\n',
        ]
    )


def _resource(mapping: Mapping) -> list[tuple[str, str]]:
    kind = resources.resource(mapping.resource).SECTION
    return [(two("Ressource", "Resource"), f"{code(mapping.resource)} — section {code(kind)}")]


def _form(form: Form) -> list[tuple[str, str]]:
    return [
        (two("Gabarit", "Form"), code(f"{form.id}@{form.version}")),
        (two("Fichier du gabarit", "File of the form"), f"{code(form.file)}, {code(form.kind)}"),
        (two("D'après", "After"), f'<span lang="en">{e(form.source)}</span>'),
    ]


def _facts(mapping: Mapping, versions: Iterable[Mapping]) -> str:
    facts = [
        *(_form(mapping.form) if mapping.form else _resource(mapping)),
        (two("Flux principal", "Main stream"), code(mapping.stream)),
        (two("Clé d'une ligne", "Key of a row"), ", ".join(map(code, mapping.key))),
        (two("Fichier", "File"), code(mapping.file)),
        ("SHA-256", code(mapping.digest)),
    ]
    others = ", ".join(f'<a href="{e(file_name(item))}">{e(item.id)}</a>' for item in versions)
    if others:
        facts.append((two("Autres versions", "Other versions"), others))
    return '<dl class="facts">' + "".join(f"<dt>{a}</dt><dd>{b}</dd>" for a, b in facts) + "</dl>"


# Rows: streams, joins, filters, unpivot


def _rows(mapping: Mapping) -> str:
    said = [*_streams(mapping), *_joins(mapping), *_filters(mapping), *_unpivot(mapping)]
    return '<ul class="plain">' + "".join(f"<li>{both(*item)}</li>" for item in said) + "</ul>"


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
        name, count = code(stream.name), len(stream.columns)
        ways = _ways(stream)
        if stream.resource:
            french, english = f"documents {stream.resource}", f"documents of {stream.resource}"
        yield f"{name} : {count} colonnes; {e(french)}.{ways}", f"{name}: {count} columns; {e(english)}."


def _ways(stream: Stream) -> str:
    """The path in the document of each column of a stream of documents, where it says more than the name."""
    ways = [f"{code(name)} = {code(way)}" for name, way in stream.paths if name != way]
    return f"<br>{'; '.join(ways)}." if ways else ""


def _joins(mapping: Mapping) -> Iterator[tuple[str, str]]:
    for join in mapping.joins:
        on = [f"{code(mine)} = {code(f'{join.stream}.{other}')}" for mine, other in join.on]
        name = code(join.stream)
        french = f"Chaque ligne trouve au plus une ligne de {name} : {' et '.join(on)}."
        english = f"Each row finds at most one row of {name}: {' and '.join(on)}."
        if join.rule is None:
            yield (
                f"{french} Sans elle, la ligne continue, avec des vides.",
                f"{english} Without it, the row goes on.",
            )
        else:
            yield (
                f"{french} Sans elle, la ligne est rejetée : {linked(join.rule)}.",
                f"{english} Without it, the row is rejected: {linked(join.rule)}.",
            )


def _filters(mapping: Mapping) -> Iterator[tuple[str, str]]:
    for item in mapping.where:
        yield (
            f"Une ligne est gardée seulement si {_condition(mapping, item, 'fr')}.",
            f"A row is kept only if {_condition(mapping, item, 'en')}.",
        )


def _condition(mapping: Mapping, item: Condition, language: lineage.Language) -> str:
    alternatives = [
        f"{code(read.name if read.stream == mapping.stream else f'{read.stream}.{read.name}')} "
        f"{marked(lineage.tested(test, language))}"
        for read, test in item.alternatives
    ]
    return (" ou " if language == "fr" else " or ").join(alternatives)


def _unpivot(mapping: Mapping) -> Iterator[tuple[str, str]]:
    if mapping.unpivot is None:
        return
    slots = mapping.unpivot.slots
    columns = {name: [dict(slot.columns)[name] for slot in slots] for name in mapping.unpivot.names}
    shown = "; ".join(f"{code(name)} = {span(found)}" for name, found in columns.items())
    present = ", ".join(map(code, mapping.unpivot.present))
    names = span([slot.name for slot in slots])
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


def _never_read(mapping: Mapping) -> str:
    if not mapping.never_read:
        return (
            f"<p>{two('Aucune : tout ce qui est déclaré est lu.', 'None: whatever is declared is read.')}</p>"
        )
    items = "".join(f"<li>{code(f'{item.stream}.{item.name}')}</li>" for item in mapping.never_read)
    return (
        f'<p>{two("Laissées de côté à dessein.", "Left out on purpose.")}</p><ul class="plain">{items}</ul>'
    )
