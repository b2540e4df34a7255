"""The reference page of the model: one HTML file, made from the classes and the code lists, never by hand.

Needs no script, no network and no other file: it can be mailed, printed, read by a screen reader. Every
resource, field, datatype and code, in French and English. Everything that is written is escaped.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial
from html import escape
from inspect import cleandoc
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from canonical_model import codings, extensions, resources
from canonical_model.addresses import Address
from canonical_model.base import SENSITIVITY, Record
from canonical_model.codings import Code, CodeableConcept, CodeList
from canonical_model.elements import LATEST, Element, element_of, opened
from canonical_model.names import HumanName
from canonical_model.provenance import Meta
from canonical_model.references import Reference

TYPE_WORDS = {
    "str": "texte · text", "int": "entier · whole number", "bool": "oui ou non · yes or no",
    "Decimal": "nombre décimal · decimal", "date": "date", "datetime": "moment · moment",
}  # fmt: skip
STYLE = """
:root { color-scheme: light; --ink: #1a1a1a; --soft: #4a4a4a; --line: #8a8a8a; --link: #0b4a8f; --pale: #f2f5f9 }
* { box-sizing: border-box }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; margin: 0 auto;
  max-width: 82rem; padding: 1rem 1.5rem }
a { color: var(--link) }
a:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
.skip { position: absolute; left: -99rem } .skip:focus { left: 1rem; background: #fff; padding: .5rem }
h1 { margin: 0 } h2 { margin: 3rem 0 1rem; border-bottom: 2px solid var(--ink) } h3 { margin: 2.2rem 0 .3rem }
p { margin: .3rem 0; max-width: 70ch } .soft, [lang=en] .soft { color: var(--soft) }
code { font: .92em ui-monospace, monospace; overflow-wrap: break-word }
td:nth-child(4) { min-width: 11rem } .codes td { min-width: 0 }
td:nth-child(4) code { overflow-wrap: anywhere }
nav ul { columns: 16rem; padding-left: 1.2rem; margin: .5rem 0 } nav li { break-inside: avoid }
.scroll { overflow-x: auto; margin: .7rem 0 }
table { border-collapse: collapse; width: 100%; min-width: 54rem } .codes { min-width: 30rem }
caption { text-align: left; color: var(--soft); padding: .2rem 0 }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border: 1px solid var(--line) }
thead th { background: var(--pale) } tbody th { font-weight: 600 }
.sensitive { color: #7a3b00; font-weight: 600 } .restricted { color: #8f0f0f; font-weight: 700 }
@media print { body { max-width: none; font-size: 9pt; padding: 0 } .skip { display: none } a { color: inherit }
  thead { display: table-header-group } tr { break-inside: avoid } h3 { break-after: avoid }
  .scroll { overflow: visible } table { min-width: 0 } }
"""
_FREE = (
    HumanName,
    Address,
    Meta,
    CodeableConcept,
    Reference,
)  # datatypes, whether or not a field holds one yet
_HEADER = f"""<header><h1>Modèle canonique de Passerelle</h1>
<p>Version {LATEST}. Chaque ressource, chaque champ, chaque code. Le sens des champs est écrit en anglais.</p>
<p lang="en">The canonical model, version {LATEST}: every resource, every field, every code.</p></header>"""
_OF_THE_LIST = 'de la liste · <span lang="en">the list\'s</span>'
_INHERITED = """<p>Une valeur a la section et la sensibilité du champ qui la contient.</p>
<p lang="en">A value has the section and the sensitivity of the field that holds it.</p>"""


def page() -> str:
    """The whole page, ready to be written as UTF-8."""
    kinds = [resources.resource(name) for name in resources.NAMES]
    datatypes = _datatypes(kinds)
    lists = _systems([*kinds, *datatypes])
    return "".join(
        [
            '<!doctype html>\n<html lang="fr"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Modèle canonique de Passerelle, version {LATEST}</title><style>{STYLE}</style></head><body>",
            '<a class="skip" href="#content">Aller au contenu · <span lang="en">Skip to content</span></a>',
            _HEADER,
            _contents(kinds, datatypes, lists),
            '<main id="content">',
            _part("resources", "Ressources", "Resources"),
            *(_resource(kind) for kind in kinds),
            _part("datatypes", "Types de données", "Datatypes"),
            _INHERITED,
            *(_datatype(kind) for kind in datatypes),
            _part("lists", "Listes de codes", "Code lists"),
            *(_list(system) for system in lists),
            _part("extensions", "Extensions inscrites", "Registered extensions"),
            _extensions(),
            "</main></body></html>\n",
        ]
    )


def _datatypes(kinds: Iterable[type[BaseModel]]) -> list[type[BaseModel]]:
    """Every model that a field holds, however deep, by name."""
    found: dict[str, type[BaseModel]] = {}
    for kind in _FREE:
        found[kind.__name__] = kind
    waiting: list[type[BaseModel]] = [*kinds, *_FREE]
    while waiting:
        for field in waiting.pop().model_fields.values():
            inner = opened(field)[0]
            if _is_model(inner) and not issubclass(inner, Record) and inner.__name__ not in found:
                found[inner.__name__] = inner
                waiting.append(inner)
    return [found[name] for name in sorted(found)]


def _systems(kinds: Iterable[type[BaseModel]]) -> list[str]:
    """Every code list that a field names."""
    named = {opened(field)[2] for kind in kinds for field in kind.model_fields.values()}
    return sorted(system for system in named if system)


def _contents(kinds: list[type[Record]], datatypes: list[type[BaseModel]], lists: list[str]) -> str:
    groups = [
        ("resources", "Ressources", "Resources", [("resource", kind.__name__) for kind in kinds]),
        ("datatypes", "Types de données", "Datatypes", [("type", kind.__name__) for kind in datatypes]),
        ("lists", "Listes de codes", "Code lists", [("list", system) for system in lists]),
        ("extensions", "Extensions inscrites", "Registered extensions", []),
    ]
    made = []
    for place, french, english, items in groups:
        count = f" ({len(items)})" if items else ""
        made.append(f'<p><a href="#{place}">{french} · <span lang="en">{english}</span></a>{count}</p>')
        entries = "".join(f'<li><a href="#{way}-{_e(name)}">{_e(name)}</a></li>' for way, name in items)
        made.append(f"<ul>{entries}</ul>" if entries else "")
    return f'<nav aria-label="Table des matières">{"".join(made)}</nav>'


def _part(place: str, french: str, english: str) -> str:
    return f'<h2 id="{place}">{french} · <span lang="en">{english}</span></h2>'


def _resource(kind: type[Record]) -> str:
    name = kind.__name__
    sensitivity = sensitivity_words(SENSITIVITY[kind.SECTION])
    return (
        f'<section aria-labelledby="resource-{name}"><h3 id="resource-{name}">{name}</h3>{_prose(kind)}'
        f"<p>Section <code>{kind.SECTION}</code>, sensibilité {sensitivity}.</p>"
        f"{_fields(kind, partial(_whole_row, kind))}</section>"
    )


def _datatype(kind: type[BaseModel]) -> str:
    name = kind.__name__
    return (
        f'<section aria-labelledby="type-{name}"><h3 id="type-{name}">{name}</h3>{_prose(kind)}'
        f"{_fields(kind, partial(_row, kind))}</section>"
    )


def _prose(kind: type[BaseModel]) -> str:
    return f'<p lang="en">{_marked(cleandoc(kind.__doc__ or ""))}</p>'


def _marked(text: str) -> str:
    """Escaped, and what stands between backquotes as code."""
    return re.sub(r"`+([^`]+)`+", r"<code>\1</code>", _e(text))


def _fields(kind: type[BaseModel], row: Any) -> str:
    whole = issubclass(kind, Record)
    heads = ["Champ · Field", "Libellé · Label", "Sens · Meaning", "Type", "Liste · List"]
    heads += ["Section", "Sensibilité · Sensitivity"] if whole else []
    rows = "".join(f"<tr>{row(name)}</tr>" for name in kind.model_fields)
    return html_table(f"Champs de {kind.__name__}", heads, rows)


def html_table(caption: str, heads: list[str], rows: str, kind: str = "") -> str:
    """A table that scrolls by itself on a narrow screen, by keyboard too."""
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_e(caption)}"><table class="{kind}">'
        f"<caption>{_e(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(kind: type[BaseModel], name: str) -> str:
    field = kind.model_fields[name]
    element = element_of(kind, name)
    inner, many, system = opened(field)
    cells = [
        _label(element),
        _meaning(element),
        _type(inner, _checks(field.annotation, field.metadata), many=many, required=field.is_required()),
        f'<a href="#list-{_e(system)}"><code>{_e(system)}</code></a>' if system else "",
    ]
    shown = _e(name).replace("_", "_<wbr>")
    return f'<th scope="row"><code>{shown}</code></th>' + "".join(f"<td>{cell}</td>" for cell in cells)


def _whole_row(kind: type[Record], name: str) -> str:
    element = element_of(kind, name)
    section = element.section or kind.SECTION
    sensitivity = element.sensitivity or SENSITIVITY[section]
    return f"{_row(kind, name)}<td><code>{section}</code></td><td>{sensitivity_words(sensitivity)}</td>"


def _label(element: Element) -> str:
    return f'{_e(element.french)}<br><span lang="en" class="soft">{_e(element.english)}</span>'


def _meaning(element: Element) -> str:
    text = _marked(element.meaning)
    if element.until is not None:
        text += f" <strong>Jusqu'à la version {element.until}.</strong>"
    elif element.since > 1:
        text += f" <strong>Depuis la version {element.since}.</strong>"
    return f'<span lang="en">{text}</span>'


def _checks(annotation: Any, metadata: Iterable[Any]) -> Iterator[Any]:
    """What is written beside a type, and inside it: ``Annotated[int, …] | None``."""
    yield from metadata
    if hasattr(annotation, "__metadata__"):
        yield from annotation.__metadata__
    for inner in get_args(annotation):
        if not isinstance(inner, (str, int)):
            yield from _checks(inner, ())


def _type(inner: Any, metadata: Iterable[Any], *, many: bool, required: bool) -> str:
    if inner is Record:
        said = '<a href="#resources">toute ressource · any resource</a>'
    elif _is_model(inner):
        way = "resource" if issubclass(inner, Record) else "type"
        said = f'<a href="#{way}-{inner.__name__}">{inner.__name__}</a>'
    else:
        name = getattr(inner, "__name__", "")
        said = TYPE_WORDS.get(name) or " · ".join(_choices(inner))
    limits = "".join(
        f"<br><code>{_e(', '.join(found))}</code>" for found in [list(_limits(metadata))] if found
    )
    often = "<br>plusieurs · many" if many else ""
    return f"{said}{often}{limits}<br>{'obligatoire · required' if required else 'facultatif · optional'}"


def _choices(inner: Any) -> Iterator[str]:
    """The words of a union or of a closed choice."""
    for item in get_args(inner):
        if get_origin(item) is Literal or get_args(item):
            yield from _choices(item)
        elif isinstance(item, type):
            yield TYPE_WORDS.get(item.__name__, item.__name__)
        elif isinstance(item, str):
            yield f"<code>{_e(item)}</code>"


def _limits(metadata: Iterable[Any]) -> Iterator[str]:
    """What is written beside the type: bounds, lengths, pattern."""
    signs = {
        "ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "min.", "max_length": "max.", "pattern": "",
    }  # fmt: skip
    for item in metadata:
        for name, sign in signs.items():
            value = getattr(item, name, None)
            if isinstance(value, (int, str, Decimal)):
                yield f"{sign} {value}".strip()
        if isinstance(item, FieldInfo):
            yield from _limits(item.metadata)


def sensitivity_words(word: str) -> str:
    french = {"ordinary": "ordinaire", "sensitive": "sensible", "restricted": "restreinte"}[word]
    return f'<span class="{word}">{french} · <span lang="en">{word}</span></span>'


def _list(system: str) -> str:
    place = _e(system)
    tables = "".join(_version(held) for held in codings.versions(system))
    return (
        f'<section aria-labelledby="list-{place}"><h3 id="list-{place}"><code>{place}</code></h3>'
        f"{tables}</section>"
    )


def _version(held: CodeList) -> str:
    """One dated list. What it says for all its codes is written once: the countries alone are 249."""
    sourced = any(code.source != held.source for code in held.codes.values())
    heads = ["Code", "Français", '<span lang="en">English</span>', *(["Source"] if sourced else [])]
    rows = "".join(_code_row(code, held, sourced=sourced) for code in held.codes.values())
    said = ""
    if held.definition_french:
        said = (
            f"<p>{_e(held.definition_french)} <em>(Définition de chaque code qui n'a pas la sienne.)</em></p>"
            f'<p lang="en">{_e(held.definition_english)} <em>(For each code without its own.)</em></p>'
        )
    source = _e(held.source) + (" (de chaque code qui n'a pas la sienne)" if sourced else "")
    table = html_table(f"Codes de {held.system}, {held.version}", heads, rows, "codes")
    return f"<p>En vigueur le {_e(held.version)}. Source : {source}</p>{said}{table}"


def _code_row(code: Code, held: CodeList, *, sourced: bool) -> str:
    own = code.definition_french != held.definition_french
    source = _e(code.source) if code.source != held.source else _OF_THE_LIST
    return (
        f'<tr><th scope="row"><code>{_e(code.code)}</code></th>'
        f"<td>{_e(code.french)}{_definition(code.definition_french) if own else ''}</td>"
        f'<td lang="en">{_e(code.english)}{_definition(code.definition_english) if own else ""}</td>'
        f"{f'<td>{source}</td>' if sourced else ''}</tr>"
    )


def _definition(text: str) -> str:
    return f'<br><span class="soft">{_e(text)}</span>'


def _extensions() -> str:
    rows = "".join(
        f'<tr><th scope="row"><code>{_e(item.url)}</code></th><td>{_e(item.french)}<br>'
        f'<span lang="en" class="soft">{_e(item.english)}</span></td><td>{_e(item.kind)}</td>'
        f"<td>{_e(item.owner)}</td><td>{item.registered.isoformat()}</td></tr>"
        for item in extensions.registry().values()
    )
    heads = [
        "Identifiant · Url",
        "Libellé · Label",
        "Sorte · Kind",
        "Responsable · Owner",
        "Inscrite le · Registered",
    ]
    return html_table("Extensions inscrites", heads, rows)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


_e = partial(escape, quote=True)
