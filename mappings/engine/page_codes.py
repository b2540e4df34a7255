"""The code maps of a mapping's page: each entry with the labels of its canonical code. Looks at no record."""

from canonical_model import codings
from canonical_model.reference import html_table
from mappings.engine import code_texts
from mappings.engine.code_maps import TEXT, CodeMap, Entry
from mappings.engine.language import Mapping
from mappings.engine.page_html import code, e, two


def code_map(mapping: Mapping, name: str, held: CodeMap) -> str:
    """The part of one code map: its entries with their labels, days and lines."""
    place = f"codes-{e(name)}"
    used = ", ".join(
        code(path) for path, field in code_texts.coded(mapping).items() if field.code_map == name
    )
    policy = {
        "refuse": ("Un code absent est refusé.", "A code that is not here is refused."),
        "default": (
            f"Un code absent donne « {held.default} ».",
            f"A code that is not here gives “{held.default}”.",
        ),
        "keep-source": ("Un code absent est gardé tel quel.", "A code that is not here is kept as it is."),
    }.get(held.unmapped, (f"Un code absent : {held.unmapped}.", f"A code that is not here: {held.unmapped}."))
    to = two("un texte", "a text") if held.to == TEXT else code(held.to)
    heads = [
        two("Code de la source", "Code of the source"), two("Code canonique", "Canonical code"), "Français",
        '<span lang="en">English</span>', two("Vaut", "Holds"), two("Ligne", "Line"),
    ]  # fmt: skip
    rows = "".join(_entry(held, entry) for entry in held.entries)
    return (
        f'<section aria-labelledby="{place}"><h3 id="{place}">{code(f"{mapping.system}/{name}")}</h3>'
        f"<p>{code(held.file)} → {to}; {used}. {two(*policy)}</p>"
        f"{html_table(f'Codes · {mapping.system}/{name}', heads, rows, 'codes')}</section>"
    )


def _entry(held: CodeMap, entry: Entry) -> str:
    french, english = _words(held, entry)
    return (
        f'<tr><th scope="row">{code(entry.source)}</th><td>{code(entry.target)}</td><td>{e(french)}</td>'
        f'<td lang="en">{e(english)}</td><td>{_dated(entry)}</td><td>{entry.line}</td></tr>'
    )


def _words(held: CodeMap, entry: Entry) -> tuple[str, str]:
    """The canonical labels, of the newest list that has the code and is not before the entry's end."""
    if held.to == TEXT:
        return "", ""
    having = [item.codes[entry.target] for item in codings.versions(held.to) if entry.target in item.codes]
    return (having[-1].french, having[-1].english) if having else ("", "")


def _dated(entry: Entry) -> str:
    start, end = (day.isoformat() if day else "…" for day in (entry.start, entry.end))
    return two("toujours", "always") if (start, end) == ("…", "…") else f"[{start}, {end})"
