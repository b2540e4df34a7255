"""The door in: pull and land, map and check, match the person and store. Nothing is lost or half done.

    fetch       one system → a landed batch                      (one file, one transaction; `gateway.fetching`)
    translate   a landed batch → documents and rejects           (one file, one transaction)
    admit       the batches of one board → versions, quarantine  (one transaction a system)

Each step is keyed by its exchange: done twice is done once, killed and called again ends the same.
On every mapping: rows = filtered + empty + used, and read = stored + unchanged + quarantined.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa

from canonical_model import resources
from canonical_model.errors import ConfigurationError, IntegrityError
from gateway import quarantine, site
from gateway.evidence.chain import Entry, append
from gateway.fetching import ROUTE, exchange_id, fetch, mapping_of
from gateway.quarantine import Fault
from gateway.store import exchanges, people, versions
from gateway.store.hub import Hub
from gateway.store.people import Claim
from gateway.store.raw import RawStore
from gateway.store.versions import Version
from mappings.engine import compiler, lineage

__all__ = ("admit", "exchange_id", "fetch", "translate")

_LOCK = 0x496E7461  # two boards are admitted one after the other: matching sees all persons


def translate(hub: Hub, *, exchange: str, moment: datetime) -> str:
    """Map a landed batch by the mappings of its connector's manifest and check it against the model."""
    with hub.transaction() as connection:
        row = _found(connection, exchange)
    if row.state in ("mapped", "done"):
        return exchange
    installation = site.installation(hub.settings.site_folder, row.system)
    raw = RawStore(hub.settings.root, hub.keys)
    streams = raw.streams(row.digest.hex())
    frames: dict[str, pl.DataFrame] = {}
    counts: dict[str, Any] = {}
    known = site.connectors(hub.settings.site_folder)
    for name in known.manifest(installation.connector).mappings:
        mapping = mapping_of(hub, name)
        mapped = compiler.run(
            mapping,
            {stream.name: streams[stream.name] for stream in mapping.streams},
            system=row.system,
            organization=installation.organization,
            day=row.day,
        )
        frames[f"{name}/documents"] = mapped.documents
        frames[f"{name}/rejects"] = mapped.rejects
        counts[name] = {
            "resource": mapping.resource,
            "stream": mapping.stream,
            "rows": mapped.rows,
            "filtered": mapped.filtered,
            "empty": mapped.empty,
            "read": mapped.candidates,
            "rejected": mapped.rejected,
        }
    kept = raw.keep_mapped(exchange, frames)
    with hub.transaction() as connection:
        exchanges.record(
            connection,
            exchange,
            state="mapped",
            receipt={**(row.receipt or {}), "mapped": kept},
            counts={"mappings": counts},
            moment=moment,
        )
    return exchange


def admit(hub: Hub, *, board: str, run: str, moment: datetime) -> list[str]:
    """Store what the systems of one board said, those that establish people first. Returns the exchanges."""
    with hub.transaction() as connection:
        rows = [r for r in exchanges.of_run(connection, run, route=ROUTE) if r.system.endswith(f"@{board}")]
    known = site.connectors(hub.settings.site_folder)
    rows.sort(key=lambda r: (known.manifest(_connector(r.system)).identity != "establishes", r.system))
    for row in rows:
        _admit_system(hub, row.id, board=board, moment=moment)
    return [row.id for row in rows]


def _admit_system(hub: Hub, exchange: str, *, board: str, moment: datetime) -> None:
    raw = RawStore(hub.settings.root, hub.keys)
    with hub.transaction() as connection:
        connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        row = _found(connection, exchange)
        if row.state == "done":
            return
        if row.state != "mapped":
            raise ConfigurationError(
                f"{row.system}: nothing is mapped yet in this run. Run its fetch and translate steps first.",
                f"{row.system} : rien n'est encore converti. Lancez d'abord sa lecture et sa conversion.",
            )
        admission = _Admission(connection, hub, row, board=board, moment=moment)
        frames = raw.mapped(row.receipt["mapped"])
        for name, counted in row.counts["mappings"].items():
            admission.take(name, counted, frames[f"{name}/documents"], frames[f"{name}/rejects"])
        admission.close()
    raw.drop_mapped(row.receipt["mapped"])


class _Admission:
    """One system's documents on their way into the store, inside one transaction."""

    def __init__(
        self, connection: sa.Connection, hub: Hub, row: sa.Row[Any], *, board: str, moment: datetime
    ) -> None:
        self._connection = connection
        self._hub = hub
        self._row = row
        self._board = board
        self._moment = moment
        known = site.connectors(hub.settings.site_folder)
        self._establishes = known.manifest(_connector(row.system)).identity == "establishes"
        self._faults: list[Fault] = []
        self._counts: dict[str, dict[str, Any]] = {}

    def take(
        self, name: str, counted: Mapping[str, Any], documents: pl.DataFrame, rejects: pl.DataFrame
    ) -> None:
        """Match, store and account for the output of one mapping."""
        mapping = mapping_of(self._hub, name)
        kind = resources.resource(mapping.resource)
        faults = [
            Fault(
                system=self._row.system, stream=mapping.stream, row=row["row"], row_key=row["row_key"],
                column=row["column"] or "", resource=mapping.resource, path=row["path"], rule=row["rule"],
                mapping=name,
            )
            for row in rejects.iter_rows(named=True)
        ]  # fmt: skip
        parsed = [(row, orjson.loads(row["document"])) for row in documents.iter_rows(named=True)]
        who, aside = self._match(mapping.resource, parsed)
        staged = []
        for row, document in parsed:
            person = who.get(row["key"])
            if person is None:
                shared = row["key"] in aside
                path = "code_permanent" if shared else "subject.0.value"
                faults.append(
                    Fault(
                        system=self._row.system, stream=mapping.stream, row=row["row"], row_key=row["key"],
                        column=", ".join(lineage.explain(mapping, path, row["slot"]).columns),
                        resource=mapping.resource, path=path, mapping=name,
                        rule="shared-identifier" if shared else "unknown-person",
                    )
                )  # fmt: skip
                continue
            staged.append(
                self._version(name, mapping.resource, kind.SECTION, mapping.stream, person, row, document)
            )
        merged = versions.merge(
            self._connection,
            self._hub.keys,
            staged,
            exchange=self._row.id,
            moment=self._moment,
        )
        apart = counted["rejected"] + len(parsed) - len(staged)
        self._faults += faults
        self._counts[name] = {
            **counted,
            "stored": merged.new + merged.changed,
            "unchanged": merged.unchanged,
            "quarantined": apart,
            "reasons": dict(Counter(fault.rule for fault in faults)),
        }
        if counted["read"] != merged.new + merged.changed + merged.unchanged + apart:
            raise IntegrityError(
                f"{name}: read and stored + unchanged + quarantined differ. Report this defect.",
                f"{name} : lus et enregistrés + inchangés + écartés diffèrent. Signalez ce défaut.",
            )

    def _match(
        self, resource: str, parsed: list[tuple[dict[str, Any], dict[str, Any]]]
    ) -> tuple[dict[str, str], frozenset[str]]:
        if self._establishes and resource == "Student":
            claims = [
                Claim(
                    row["key"],
                    tuple((item["system"], item["value"]) for item in document["subject"]),
                    document["birth_date"],
                )
                for row, document in parsed
            ]
            return people.establish(
                self._connection, self._hub.keys, claims, exchange=self._row.id, moment=self._moment
            )
        firsts = {row["key"]: document["subject"][0] for row, document in parsed}
        pairs = {key: (item["system"], item["value"]) for key, item in firsts.items()}
        known = people.find(self._connection, pairs.values())
        return {key: known[pair] for key, pair in pairs.items() if pair in known}, frozenset()

    def _version(  # noqa: PLR0917
        self,
        name: str,
        resource: str,
        section: str,
        stream: str,
        person: str,
        row: Mapping[str, Any],
        document: Mapping[str, Any],
    ) -> Version:
        period = document.get("period") or {}
        slot = f"#{row['slot']}" if row["slot"] else ""
        return Version(
            resource=resource,
            key=f"{self._row.system}:{row['key']}{slot}",
            person=person,
            section=section,
            organization=self._board,
            document=row["document"],
            valid_from=_day(period.get("start")),
            valid_to=_day(period.get("end")),
            place={
                "system": self._row.system,
                "stream": stream,
                "row": row["row"],
                "key": row["key"],
                "slot": row["slot"],
                "mapping": name,
                "batch": self._row.digest.hex(),
            },
        )

    def close(self) -> None:
        """Write quarantine, counts and evidence; the caller's commit makes all of it true at once."""
        quarantine.note(
            self._connection,
            self._faults,
            system=self._row.system,
            exchange=self._row.id,
            batch=self._row.digest.hex(),
            moment=self._moment,
        )
        exchanges.record(
            self._connection,
            self._row.id,
            state="done",
            counts={"mappings": self._counts},
            moment=self._moment,
        )
        facts = {
            name: {part: counts[part] for part in ("read", "stored", "unchanged", "quarantined")}
            for name, counts in self._counts.items()
        }
        append(
            self._connection,
            self._moment,
            Entry("intake.admitted", None, {"exchange": self._row.id, "counts": facts}),
        )


def _found(connection: sa.Connection, exchange: str) -> sa.Row[Any]:
    row = exchanges.find(connection, exchange)
    if row is None:
        raise ConfigurationError(
            f"{exchange}: no such exchange. Run the day's first step.",
            f"{exchange} : échange inconnu. Lancez la première étape de la journée.",
        )
    return row


def _connector(system: str) -> str:
    return system.partition("@")[0]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
