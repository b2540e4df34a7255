"""`connector check`: whether connectors hold what all must, from their folders or also on their live sandboxes.

Writes report cards with `--card`. Exit 0: all holds · 1: something to do or to mend · 2: a wrong call.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from canonical_model.errors import ConfigurationError
from connectors.kit import check as checks
from connectors.kit.check import card
from connectors.kit.check.finding import Finding
from connectors.kit.manifest import Manifest
from connectors.kit.province.generate import generate
from gateway.cli import context, demo_site
from gateway.cli.connector import mapped
from gateway.cli.connector.found import Place, Root, place
from gateway.store import server as postgres

STUDENTS = 200  # enough for every kind of record, and for a second page
SEED = 7
NEEDS_A_PERSON = ("todo", "fault")


def check(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NOM]")] = None,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Aussi sur le bac à sable, avec tous ses défauts.")
    ] = False,
    cards: Annotated[
        Path | None,
        typer.Option("--card", metavar="DOSSIER", help="Un bulletin par connecteur, HTML et texte."),
    ] = None,
    folder: Root = None,
) -> int:
    """Vérifier un connecteur, ou tous : manifeste, contrat, échantillons, correspondances, échelons."""
    out = context.output(ctx)
    there = place(folder, context.settings(ctx).site_folder)
    folders = _wanted(there, name)
    held: list[tuple[str, Manifest | None, tuple[Finding, ...]]] = []
    with _workplace(ctx, live=live, folders=folders) as (work, url):
        for path in folders:
            out.progress(f"checking {path.name}", f"vérification de {path.name}")
            held.append((path.name, *_checked(ctx, path, there, work if live else None, url)))
    if cards is not None:
        _write(cards, held, live=live)
    out.document(
        [
            {
                "connector": connector,
                "findings": [
                    {"check": f.check, "state": f.state, "message_fr": f.french, "message_en": f.english}
                    for f in found
                ],
            }
            for connector, _, found in held
        ]
    )
    for connector, _, found in held:
        _say(ctx, connector, found)
    return 1 if any(f.state in NEEDS_A_PERSON for _, _, found in held for f in found) else 0


def _wanted(there: Place, name: str | None) -> tuple[Path, ...]:
    every = there.known.folders()
    if name is None:
        return every
    chosen = tuple(path for path in every if path.name == name)
    if not chosen:
        there.known.manifest(name)  # raises, with the name that looks like it
    return chosen


@contextmanager
def _workplace(ctx: typer.Context, *, live: bool, folders: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    """A folder for what sandboxes keep, and a database server when one of them needs it."""
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="passerelle-check-")))
        url = ""
        if live and any("protocol: sql" in _text(path) for path in folders):
            server = postgres.ensure(context.settings(ctx))
            stack.callback(server.release)
            url = server.url("postgres")
        yield work, url


def _text(folder: Path) -> str:
    path = folder / "manifest.yaml"
    return path.read_text("utf-8", "replace") if path.is_file() else ""


def _checked(
    ctx: typer.Context, path: Path, there: Place, work: Path | None, url: str
) -> tuple[Manifest | None, tuple[Finding, ...]]:
    told, first = checks.manifest_of(path)
    if told is None:
        return None, (first,)
    day = context.settings(ctx).day or demo_site.DAY
    trial = None
    if work is not None:
        trial = checks.Trial(
            told, generate(SEED, students=STUDENTS, boards=1, day=day), work / path.name, url
        )
    more = (mapped.finding(told, there.mappings_of(path), day),)
    return told, (first, *checks.findings(told, trial, more))


def _told_once(found: list[Finding]) -> tuple[list[Finding], list[str]]:
    """Each sentence once; and, apart, the rungs that are only not true because of a check that is told already."""
    said: dict[str, Finding] = {}
    follow = []
    for item in found:
        if item.check.startswith("rung-") and "`done` is not true" in item.english:
            follow.append(item.check.removeprefix("rung-"))
        elif item.check != "faults":  # it only counts those that are told one by one
            said.setdefault(item.english, item)
    return list(said.values()), follow


def _say(ctx: typer.Context, connector: str, found: tuple[Finding, ...]) -> None:
    out = context.output(ctx)
    wrong = [item for item in found if item.state in NEEDS_A_PERSON]
    well = sum(item.state == "well" for item in found)
    verdict = out.words("à revoir" if wrong else "bien", "to mend" if wrong else "well")
    out.say(
        f"{connector} : {verdict} ({well} vérifications tenues)",
        f"{connector}: {verdict} ({well} checks held)",
    )
    told, follow = _told_once(wrong)
    for item in told:
        out.say(f"  {item.french}", f"  {item.english}")
    if follow:
        names = ", ".join(follow)
        out.say(
            f"  quality : « done » n'est donc pas vrai pour {names}. Corrigez ce qui précède.",
            f"  quality: so `done` is not true of {names}. Mend the above.",
        )


def _write(folder: Path, held: list[tuple[str, Manifest | None, tuple[Finding, ...]]], *, live: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(
            f"{folder}: it is no folder. Name one for the report cards.",
            f"{folder} : ce n'est pas un dossier. Nommez-en un pour les bulletins.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for connector, told, found in held:
        (folder / f"{connector}.html").write_text(card.page(connector, told, found, live=live), "utf-8")
        (folder / f"{connector}.txt").write_text(card.text(connector, told, found, live=live), "utf-8")
    (folder / "index.html").write_text(card.index([(name, found) for name, _, found in held]), "utf-8")
