"""The report card of a connector, as one HTML page or as text: French first, then English. Reads no record.

Made of the manifest and of findings, never by hand. No script, no network; all that it is given is escaped.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from html import escape
from pathlib import Path

from connectors.kit.check import rungs
from connectors.kit.check.finding import Finding
from connectors.kit.manifest import Manifest

STYLE = Path(__file__).with_name("card.css").read_text("utf-8")
_STATES = {
    "well": ("tenu", "held"), "todo": ("à faire", "to do"), "fault": ("en défaut", "failing"),
    "untried": ("non essayé", "not tried"), "done": ("fait", "done"), "exempt": ("exempté", "exempt"),
}  # fmt: skip
_WORDS = {
    "title": ("Bulletin du connecteur", "Report card of the connector"),
    "facts": ("Ce qu'il est", "What it is"),
    "direction": ("Sens", "Direction"),
    "inbound": ("entrée : le hub y lit", "inbound: the hub reads from it"),
    "outbound": ("sortie : le hub y remet", "outbound: the hub delivers to it"),
    "pulls": ("tiers : il vient chercher au hub", "third party: it pulls from the hub"),
    "protocol": ("Protocole", "Protocol"),
    "contract": ("Contrat", "Contract"),
    "published": ("publié par le fournisseur", "published by the vendor"),
    "reference": ("contrat de référence de Passerelle", "Passerelle's reference contract"),
    "owner": ("Responsable", "Owner"),
    "schedule": ("Heure proposée (cron)", "Proposed time (cron)"),
    "secrets": ("Secrets (noms)", "Secrets (names)"),
    "mappings": ("Correspondances", "Mappings"),
    "declared": ("Écrit en", "Written in"),
    "yaml": ("YAML seulement", "YAML only"),
    "python": ("YAML et Python", "YAML and Python"),
    "streams": ("Ce qu'il lit", "What it reads"),
    "stream": ("Flux", "Stream"),
    "key": ("Clé", "Key"),
    "cursor": ("Curseur", "Cursor"),
    "rungs": ("Échelons de qualité", "Quality rungs"),
    "rung": ("Échelon", "Rung"),
    "state": ("État", "State"),
    "meaning": ("Ce qu'il promet", "What it promises"),
    "checks": ("Vérifications", "Checks"),
    "check": ("Vérification", "Check"),
    "finding": ("Constat", "Finding"),
    "faults": ("Défauts connus et réponses", "Known faults and answers"),
    "fault": ("Défaut", "Fault"),
    "answer": ("Réponse", "Answer"),
    "none": ("aucun", "none"),
    "recorded": (
        "d'après le dossier seul; --live essaie aussi le bac à sable",
        "from the folder alone; --live also tries the sandbox",
    ),
    "live": ("d'après le dossier et le bac à sable", "from the folder and the live sandbox"),
    "all": ("Bulletins des connecteurs", "Report cards of the connectors"),
    "connector": ("Connecteur", "Connector"),
    "verdict": ("Verdict", "Verdict"),
}  # fmt: skip
e = partial(escape, quote=True)


def page(name: str, told: Manifest | None, found: Sequence[Finding], *, live: bool) -> str:
    """The whole page of one connector: the French half, then the English."""
    halves = "".join(
        f'<section lang="{language}">{_half(name, told, found, language, live=live)}</section>'
        for language in ("fr", "en")
    )
    return _whole(f"{_WORDS['title'][0]} {name}", f'<p><a href="index.html">{_two("all")}</a></p>{halves}')


def index(held: Iterable[tuple[str, Sequence[Finding]]]) -> str:
    """The list of the cards, with the verdict of each."""
    rows = "".join(
        f'<tr><th scope="row"><a href="{e(name)}.html">{e(name)}</a></th>'
        f'<td class="state {verdict(found)}">{_state(verdict(found), "fr")}'
        f" · {_state(verdict(found), 'en')}</td></tr>"
        for name, found in held
    )
    heads = "".join(f'<th scope="col">{_two(word)}</th>' for word in ("connector", "verdict"))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return _whole(_WORDS["all"][0], f"<h1>{_two('all')}</h1>{table}")


def verdict(found: Iterable[Finding]) -> str:
    """``fault`` when one is, else ``todo`` when something is left to do, else ``well``."""
    states = {item.state for item in found}
    return next((state for state in ("fault", "todo") if state in states), "well")


def text(name: str, told: Manifest | None, found: Sequence[Finding], *, live: bool) -> str:
    """The same in plain text, for a terminal or a mail."""
    return "\n".join(
        line for language in ("fr", "en") for line in _lines(name, told, found, language, live=live)
    )


def _lines(
    name: str, told: Manifest | None, found: Sequence[Finding], language: str, *, live: bool
) -> list[str]:
    said = partial(_word, language=language)
    lines = [
        f"{said('title')} {name}: {_state(verdict(found), language)}",
        f"({said('live' if live else 'recorded')})",
        "",
    ]
    if told is not None:
        lines += [f"  {label}: {value}" for label, value in _facts(told, language)] + [""]
    lines += [f"  [{_state(item.state, language)}] {item.words(language)}" for item in found]
    return [*lines, ""]


def _half(name: str, told: Manifest | None, found: Sequence[Finding], language: str, *, live: bool) -> str:
    said = partial(_word, language=language)
    level = "h1" if language == "fr" else 'h1 class="soft"'
    parts = [
        f"<{level}>{e(said('title'))} <code>{e(name)}</code></h1>",
        f'<p class="verdict {verdict(found)}">{_state(verdict(found), language)}</p>',
        f'<p class="soft">{e(said("live" if live else "recorded"))}</p>',
    ]
    if told is not None:
        facts = "".join(f"<dt>{e(label)}</dt><dd>{e(value)}</dd>" for label, value in _facts(told, language))
        parts += [
            f"<h2>{e(said('facts'))}</h2><dl>{facts}</dl>",
            _streams(told, language),
            _rungs(told, found, language),
        ]
    checks = [item for item in found if not item.check.startswith(("rung-", "fault-"))]
    parts.append(_findings("checks", "check", "finding", checks, language))
    faults = [item for item in found if item.check.startswith("fault-")]
    if faults:
        parts.append(_findings("faults", "fault", "answer", faults, language))
    return "".join(parts)


def _facts(told: Manifest, language: str) -> list[tuple[str, str]]:
    said = partial(_word, language=language)
    return [
        (said("direction"), said(told.direction)),
        (said("protocol"), told.protocol),
        (said("contract"), said(told.contract.kind)),
        (said("declared"), said("yaml" if told.entry is None else "python")),
        (said("owner"), told.owner),
        (said("schedule"), told.schedule),
        (said("secrets"), ", ".join(told.secrets) or said("none")),
        (said("mappings"), ", ".join(told.mappings) or said("none")),
    ]


def _streams(told: Manifest, language: str) -> str:
    if not told.streams:
        return ""
    rows = [(s.name, ", ".join(s.key), s.cursor or "–") for s in told.streams.values()]
    return _table(
        "streams", ("stream", "key", "cursor"), [[e(cell) for cell in row] for row in rows], language
    )


def _rungs(told: Manifest, found: Sequence[Finding], language: str) -> str:
    known = rungs.known()
    judged = {item.check: item for item in found}
    rows = []
    for name, rung in told.quality.items():
        finding = judged.get(f"rung-{name}")
        state = finding.state if finding and finding.state in ("fault", "untried") else rung.state
        promise = known[name].words(language) if name in known else ""
        if finding and finding.state == "fault":
            promise = f"{promise} {finding.words(language)}"
        reason = f'<br><span lang="en" class="soft">{e(rung.reason)}</span>' if rung.reason else ""
        rows.append([e(name), _cell(state, language), e(promise.strip()) + reason])
    return _table("rungs", ("rung", "state", "meaning"), rows, language)


def _findings(title: str, what: str, told: str, found: Sequence[Finding], language: str) -> str:
    rows = [
        [e(item.check.removeprefix("fault-")), _cell(item.state, language), e(item.words(language))]
        for item in found
    ]
    return _table(title, (what, "state", told), rows, language)


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], language: str) -> str:
    """A table under its heading; cells are HTML, the first of a row names it."""
    said = "".join(f'<th scope="col">{e(_word(head, language))}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f"<h2>{e(_word(title, language))}</h2><table><thead><tr>{said}</tr></thead><tbody>{body}</tbody></table>"


def _cell(state: str, language: str) -> str:
    colour = {"done": "well", "exempt": "soft"}.get(state, state)
    return f'<td class="state {colour}">{_state(state, language)}</td>'


def _word(name: str, language: str) -> str:
    return _WORDS[name][language == "en"]


def _two(name: str) -> str:
    french, english = _WORDS[name]
    return f'{e(french)} · <span lang="en" class="soft">{e(english)}</span>'


def _state(state: str, language: str) -> str:
    return _STATES[state][language == "en"]


def _whole(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{e(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
