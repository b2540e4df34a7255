"""Whether a connector's samples pass through its mappings without a reject. Stores nothing, shows no value."""

from datetime import date
from pathlib import Path

import polars as pl

from canonical_model.errors import ConfigurationError, HubError
from connectors.kit.check import samples
from connectors.kit.check.finding import Finding, fault, of_error, untried, well
from connectors.kit.manifest import Manifest
from mappings.engine import checker, compiler, loader
from mappings.engine.language import Mapping

ORGANIZATION = "762000"  # of a trial, as for `mapping run`


def finding(told: Manifest, root: Path, day: date) -> Finding:
    """One finding, ``mappings``, for all the mappings that the manifest names."""
    if not told.mappings:
        return untried("mappings", "Aucune correspondance nommée.", "No mapping is named.")
    try:
        for identifier in told.mappings:
            if wrong := _wrong(told, loader.load(identifier, root), day):
                return fault("mappings", *wrong)
    except HubError as error:
        return of_error("mappings", error)
    return well("mappings", "Les échantillons passent sans rejet.", "The samples pass without a reject.")


def _wrong(told: Manifest, mapping: Mapping, day: date) -> tuple[str, str] | None:
    if found := checker.check(mapping):
        first = found[0]
        return f"{first.file}:{first.line} : {first.french}", f"{first.file}:{first.line}: {first.english}"
    mapped = compiler.run(
        mapping,
        frames(told, mapping),
        system=f"{told.name}@{ORGANIZATION}",
        organization=ORGANIZATION,
        day=day,
    )
    if mapped.rejected:
        row = mapped.rejects.row(0, named=True)
        number, place = row["row"], f"{row['path']} ({row['rule']})"
        return (
            f"{mapping.id} : {mapped.rejected} rejets, dont ligne {number}, {place}. Corrigez l'échantillon.",
            f"{mapping.id}: {mapped.rejected} rejects, as row {number}, {place}. Correct the sample or the mapping.",
        )
    if not mapped.documents.height:
        return (
            f"{mapping.id} : l'échantillon ne donne aucun document. Ajoutez-y un enregistrement qui en donne.",
            f"{mapping.id}: the sample gives no document. Add a record that gives one.",
        )
    return None


def frames(told: Manifest, mapping: Mapping) -> dict[str, pl.DataFrame]:
    """The samples of the streams that a mapping reads, by name. Raises ConfigurationError when one is absent."""
    held: dict[str, pl.DataFrame] = {}
    for stream in mapping.streams:
        path = samples.found(told, stream.name)
        if path is None:
            raise ConfigurationError(
                f"{mapping.id}: no sample of {stream.name}. Add samples/{stream.name}.*.",
                f"{mapping.id} : aucun échantillon de {stream.name}. Ajoutez samples/{stream.name}.*.",
            )
        held[stream.name] = _with_absent(samples.frame(told, stream.name, path), stream.columns)
    return held


def _with_absent(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """XML and JSON say nothing of an absent value: its column is null, as a source gives it."""
    return frame.with_columns(
        pl.lit(None, pl.String).alias(name) for name in columns if name not in frame.columns
    )
