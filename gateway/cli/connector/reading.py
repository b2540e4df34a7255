"""`connector read`: the raw records of one stream, as a file that only its owner may read. Maps and keeps nothing.

NAME is a system of the site (``gpi@762000``); with ``--set address=…`` a connector without any site. What was
interrupted is taken up by the same call.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
import typer
from polars.io.plugins import register_io_source

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.protocol import Window
from connectors.kit.pull import Landing, Pulled, pull
from gateway import site
from gateway.cli import context
from gateway.cli.connector.found import Root, place
from gateway.output_files import output_files
from gateway.settings import Settings

ORGANIZATION = "762000"  # of a connector without any site that is named without one
Format = Literal["parquet", "jsonl"]


def read(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NOM")],
    stream: Annotated[str, typer.Argument(metavar="FLUX")],
    *,
    out_folder: Annotated[Path, typer.Option("--out", metavar="DOSSIER")],
    since: Annotated[str | None, typer.Option("--since", metavar="CURSEUR")] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="CLÉ=VALEUR",
            help="address, secret.NOM (@FICHIER le lit d'un fichier), day, school_year, ou une option.",
        ),
    ] = None,
    written: Annotated[Format, typer.Option("--format")] = "parquet",
    folder: Root = None,
) -> None:  # fmt: skip
    """Lire un flux tel que le système le donne : un fichier, le nombre de lignes, le prochain curseur."""
    out = context.output(ctx)
    told, settings = _told(sets or []), context.settings(ctx)
    known = place(folder, settings.site_folder).known
    installation = _installation(settings, name, told)
    manifest = known.manifest(installation.connector)
    if stream not in manifest.streams:
        listed = ", ".join(manifest.streams) or "-"
        raise ConfigurationError(
            f"{manifest.name}: it has no such stream. Choose among: {listed}.",
            f"{manifest.name} : aucun flux de ce nom. Choisissez parmi : {listed}.",
        )
    window = _window(settings, told)
    with _private(out_folder):
        landing = Landing(out_folder / f".{manifest.name}.{stream}")
        with closing(known.source(installation)) as source:
            pulled = pull(source, manifest, stream, window, landing=landing, since=since)
        path = out_folder / f"{stream}.{written}"
        _write(pulled, path, written)
        with landing.held():
            landing.discard()
    out.document({"file": str(path), "cursor": pulled.cursor, "resumed": pulled.resumed, **pulled.counts()})
    cursor = pulled.cursor or "–"
    out.say(
        f"{path} : {pulled.rows} lignes. Prochain curseur : {cursor}",
        f"{path}: {pulled.rows} rows. Next cursor: {cursor}",
    )


def _told(sets: list[str]) -> Mapping[str, str]:
    found = {}
    for item in sets:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise ConfigurationError("--set: write KEY=VALUE.", "--set : écrivez CLÉ=VALEUR.")
        found[key] = value
    return found


def _installation(settings: Settings, name: str, told: Mapping[str, str]) -> Installation:
    """The system of the site; or, with an address, one that is made of the call alone."""
    secrets = {
        key.removeprefix("secret."): _secret(v) for key, v in told.items() if key.startswith("secret.")
    }
    options = {k: v for k, v in told.items() if not k.startswith("secret.") and k not in _OURS}
    connector, at, organization = name.partition("@")
    if "address" not in told:
        if not at:
            raise ConfigurationError(
                f"{name}: name a system of the site, as {name}@{ORGANIZATION}, or give --set address=….",
                f"{name} : nommez un système du site, comme {name}@{ORGANIZATION}, ou donnez --set address=….",
            )
        if not (settings.site_folder / "systems.yaml").is_file():
            raise ConfigurationError(
                f"{name}: there is no site here yet ({settings.site_folder}). Give --set address=… and"
                " --set secret.NAME=@FILE, or declare the system in systems.yaml.",
                f"{name} : il n'y a pas encore de site ici ({settings.site_folder}). Donnez --set address=… et"
                " --set secret.NOM=@FICHIER, ou déclarez le système dans systems.yaml.",
            )
        held = site.installation(settings.site_folder, name)
        return Installation(
            held.connector,
            held.organization,
            held.address,
            {**held.secrets, **secrets},
            {**held.options, **options},
        )
    return Installation(connector, organization or ORGANIZATION, told["address"], secrets, options)


_OURS = ("address", "day", "school_year")


def _secret(given: str) -> str:
    """``@FILE`` is what the file holds, so that no secret stands in a command; anything else is the secret itself."""
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "--set: the file of a secret cannot be read. Correct its path or its rights.",
            "--set : le fichier d'un secret est illisible. Corrigez son chemin ou ses droits.",
        ) from error


def _window(settings: Settings, told: Mapping[str, str]) -> Window:
    """The day and the school year asked for; the year is the site's for that day unless it is given."""
    try:
        day = date.fromisoformat(told["day"]) if "day" in told else settings.day or context.today()
        if "school_year" in told:
            return Window(int(told["school_year"]), day)
    except ValueError as error:
        raise ConfigurationError(
            "--set: day is yyyy-mm-dd, school_year the year in which it begins. Correct it.",
            "--set : day s'écrit aaaa-mm-jj, school_year est l'année où elle commence. Corrigez-le.",
        ) from error
    if not (settings.site_folder / "calendar.yaml").is_file():
        raise ConfigurationError(
            "--set: no site says which school year this day lies in. Add --set school_year=2025.",
            "--set : aucun site ne dit l'année scolaire de ce jour. Ajoutez --set school_year=2025.",
        )
    return Window(site.school_year(settings.site_folder, day).year, day)


@contextmanager
def _private(folder: Path) -> Iterator[None]:
    """Whatever is made meanwhile is its owner's alone: raw records are people's."""
    before = os.umask(0o077)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        os.umask(before)


def _write(pulled: Pulled, path: Path, written: Format) -> None:
    """One file, whole or not at all; memory depends on a page, not on the stream."""
    if written == "jsonl":
        with output_files({"--out": path}, ()) as (file,):
            for frame in pulled.frames():
                if file is not None:
                    file.write(frame.write_ndjson().encode())
        return
    part = path.with_name(f"{path.name}.part")
    schema = next(pulled.frames()).schema

    def pages(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        del columns, predicate, rows, size  # a whole file is written: nothing is left out
        yield from pulled.frames()

    try:
        register_io_source(pages, schema=schema).sink_parquet(part)
        part.chmod(0o600)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
