"""`mapping codes`: the codes that no code map knows, what is near them, and where the maps have drifted.

Repeats a value only when it looks like a code; no file is changed.
"""

import typer

from gateway.cli import context
from gateway.cli.mapping import inputs as given
from gateway.cli.output import Output
from mappings.engine import code_work, loader
from mappings.engine.code_work import Drift, EntryState, Unmapped, Work

_CELLS_SHOWN = 3
_CODES_SHOWN = 50
_STATES = {
    "in-force": ("en vigueur", "in force"),
    "ended": ("terminé", "ended"),
    "not-yet": ("pas encore en vigueur", "not yet in force"),
    "unknown": ("inconnu", "unknown"),
}


def codes(
    ctx: typer.Context,
    id: given.Id,  # noqa: A002
    inputs: given.Inputs,
    *,
    organization: given.Organization = given.PLACEHOLDER,
    day: given.Day = None,
    mappings: given.Folder = None,
) -> int:
    """Les codes sans correspondance : fréquence, proposition, effet de l'ajout, écarts avec les listes."""
    out = context.output(ctx)
    mapping = loader.load(id, given.root(mappings))
    trial = given.trial(ctx, (mapping,), inputs, organization=organization, day=day)
    found = code_work.work(
        mapping, trial.frames, system=trial.system(mapping), organization=organization, day=trial.day
    )
    out.document({"mapping": mapping.id, "day": trial.day.isoformat(), **code_work.as_document(found)})
    _tell_unmapped(out, found)
    for drift in found.drift:
        _tell_drift(out, drift)
    return 0 if found.complete else 1


def _tell_unmapped(out: Output, found: Work) -> None:
    if found.complete:
        out.say("Tous les codes lus sont dans leur table.", "Every code that was read is in its map.")
    if found.unmapped:
        heads = out.words(
            "Table|Code|Fois|Colonnes|Proposition|Passeraient", "Map|Code|Times|Columns|Proposal|Would pass"
        ).split("|")
        out.table(
            out.words("Codes sans correspondance", "Codes without a mapping"),
            heads,
            [
                (item.code_map, item.code, item.count, _cells(item), _proposal(out, item), item.gain)
                for item in found.unmapped[:_CODES_SHOWN]
            ],
        )
        if more := len(found.unmapped[_CODES_SHOWN:]):
            out.say(f"et {more} autres codes : --json.", f"and {more} more codes: --json.")
        for item in found.unmapped:
            if item.entry is not None:
                out.say(
                    f"  {item.file}:{item.entry.line} : {item.code} y est, mais pas à cette date.",
                    f"  {item.file}:{item.entry.line}: {item.code} is there, but not on that day.",
                )
        out.say(
            f"Avec toutes les propositions, {found.together} enregistrements de plus passeraient.",
            f"With every proposal, {found.together} more records would pass.",
        )
    for name, path, values, count in found.hidden:
        out.say(
            f"{name}, {path} : {values} autre(s) valeur(s), {count} fois; voyez `mapping run --rejects`.",
            f"{name}, {path}: {values} other value(s), {count} time(s); see `mapping run --rejects`.",
        )


def _cells(item: Unmapped) -> str:
    shown = [f"{stream}.{column} ({count})" for stream, column, count in item.cells[:_CELLS_SHOWN]]
    return ", ".join(shown) + (" …" if len(item.cells) > _CELLS_SHOWN else "")


def _proposal(out: Output, item: Unmapped) -> str:
    if item.proposal is None:
        return "-"
    words = {
        "entry": ("ligne", "entry"), "code": ("code", "code"), "french": ("libellé", "label"),
        "english": ("libellé", "label"),
    }[item.proposal.by]  # fmt: skip
    return f"{item.proposal.code} ({out.words(*words)} {item.proposal.label}, {item.proposal.likeness:.2f})"


def _tell_drift(out: Output, drift: Drift) -> None:
    """What an analyst has to look at in one map; nothing when there is nothing."""
    unseen = [item.entry.source for item in drift.entries if not item.seen]
    if unseen:
        out.say(
            f"{drift.file} : jamais vus dans ces fichiers : {', '.join(unseen)}.",
            f"{drift.file}: never seen in these files: {', '.join(unseen)}.",
        )
    for item in drift.entries:
        if (item.state, item.canonical) != ("in-force", "in-force"):
            _tell_entry(out, drift, item)
    for codes_found, french, english in (
        (drift.new, "nouveaux dans", "new in"),
        (drift.unreached, "sans ligne qui y mène, de", "to which no entry leads, of"),
    ):
        if codes_found:
            said = ", ".join(codes_found)
            out.say(
                f"{drift.file} : {french} {drift.code_list} {drift.version} : {said}.",
                f"{drift.file}: {english} {drift.code_list} {drift.version}: {said}.",
            )


def _tell_entry(out: Output, drift: Drift, item: EntryState) -> None:
    entry = item.entry
    if item.state != "in-force":
        french, english = _STATES[item.state]
        out.say(
            f"{drift.file}:{entry.line} : la ligne {entry.source} → {entry.target} : {french}.",
            f"{drift.file}:{entry.line}: the entry {entry.source} → {entry.target}: {english}.",
        )
    if item.canonical != "in-force":
        french, english = _STATES[item.canonical]
        out.say(
            f"{drift.file}:{entry.line} : {entry.target} dans {drift.code_list} : {french}.",
            f"{drift.file}:{entry.line}: {entry.target} in {drift.code_list}: {english}.",
        )
