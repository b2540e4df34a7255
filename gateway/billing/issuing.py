"""Issue one board's RL-24 slips of a tax year: R, A and D by what changed. Never issues a slip twice.

Slips and their numbers are one transaction; the files are written after it, from the sealed slips, and
are written again until a second transaction notes them: the same bytes under the same names.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from canonical_model.errors import IntegrityError
from gateway.billing import ledger, numbers, reading, site_files, slip_files, slip_store
from gateway.billing.boxes import Boxes, boxes
from gateway.billing.ledger import cents
from gateway.billing.records import Records
from gateway.billing.rl24_xml import certified, marked
from gateway.billing.site_files import Filer
from gateway.billing.slip_store import Latest, Row
from gateway.billing.slips import FEDERAL, Change, Code, Due, Identity, changes, due
from gateway.billing.statement import Statement, statement
from gateway.billing.summary import Summary, summarise, valid
from gateway.evidence.chain import Entry, append
from gateway.keys import Keys
from gateway.store import exchanges
from gateway.store.hub import Hub

ROUTE = "rl24"
KINDS: tuple[Code, ...] = ("R", "A", "D")
_NOTHING = Decimal(0)
_Numbered = tuple[str, int, Change, str]  # payer, sequence, change, number of the slip


@dataclass(frozen=True, slots=True)
class _Work:
    """One call: whose slips of which year, under which exchange, by which table and filer."""

    exchange: str
    organization: str
    year: int
    filer: Filer
    table: Boxes


def issue_slips(hub: Hub, *, run: str, day: date, moment: datetime, organization: str, year: int) -> str:
    """Bring the board's slips of a tax year to what is paid on `day`. Returns the exchange's id.

    A first slip is an R, a change after it an A or a D; without change nothing is issued. Raises
    ConfigurationError for a wrong site file or an exhausted series, IntegrityError when slips and
    receipts differ; nothing is then issued.
    """
    site = hub.settings.site_folder
    work = _Work(
        exchange=f"{run}/{ROUTE}/billing@{organization}/{year}",
        organization=organization,
        year=year,
        filer=site_files.board_filer(site, organization),
        table=boxes(year, site),
    )
    tariff = site_files.board_tariff(site, organization)
    with hub.transaction() as connection:
        ledger.lock(connection, organization)
        state = exchanges.begin(
            connection,
            work.exchange,
            run=run,
            route=ROUTE,
            system=f"billing@{organization}",
            direction="out",
            day=day,
            moment=moment,
        )
        records = reading.records(connection, hub.keys, organization=organization, day=day)
        found = statement(records, tariff)
        latest = slip_store.latest(connection, hub.keys, organization=organization, year=year)
        dues = _dues(connection, hub.keys, work, found=found, records=records, latest=latest)
        issued = _issue(connection, work, dues, latest)
        digests = slip_store.add(connection, hub.keys, issued)
        summary, kept = _check(connection, work, dues)
        if state != "done" or issued:
            counts = _counts(work, dues, issued, summary, kept=kept)
            exchanges.record(connection, work.exchange, state="done", counts=counts, moment=moment)
            facts = {
                "exchange": work.exchange,
                "counts": counts,
                "files": sorted({row.file for row in issued}),
                "contents": hashlib.sha256(b"".join(sorted(digests))).hexdigest(),
                "certified": certified(work.table, work.filer),
            }
            append(connection, moment, Entry("billing.slips-issued", None, facts))
    slip_files.write_pending(
        hub, organization=organization, year=year, table=work.table, filer=work.filer, moment=moment
    )
    return work.exchange


def _dues(
    connection: sa.Connection,
    keys: Keys,
    work: _Work,
    *,
    found: Statement,
    records: Records,
    latest: Mapping[str, Latest],
) -> dict[str, Due]:
    paid = found.paid_in(work.year)
    wanted = {item.line.child for items in paid.values() for item in items}
    children = reading.children(connection, keys, organization=work.organization, wanted=wanted)
    contracts = defaultdict(list)
    for contract in records.contracts:
        if contract.year == work.year:
            contracts[contract.payer].append(contract)
    return {
        payer: due(
            work.year,
            payer,
            paid=items,
            billed=[i.line for i in found.payers[payer].lines if i.line.year == work.year],
            contracts=contracts[payer],
            children=children,
            issued=_identity_of(latest.get(payer)),
        )
        for payer, items in paid.items()
    }


def _identity_of(held: Latest | None) -> Identity | None:
    return held.issued.slip.identity if held and held.issued.code != "D" else None


def _issue(
    connection: sa.Connection, work: _Work, dues: Mapping[str, Due], latest: Mapping[str, Latest]
) -> list[Row]:
    """The slips that the changes ask for, each in its file. A payer set aside keeps the slip he has."""
    todo: list[tuple[str, int, Change]] = []
    for payer in sorted(dues.keys() | latest.keys()):
        wanted = dues.get(payer)
        if wanted is not None and wanted.reason not in (None, FEDERAL):
            continue
        held = latest.get(payer)
        sequence = held.sequence if held else 0
        for change in changes(held.issued if held else None, wanted.slip if wanted else None):
            sequence += 1
            todo.append((payer, sequence, change))
    if not todo:
        return []
    new = sum(change.number is None for *_, change in todo)
    fresh = iter(numbers.take(connection, work.filer.series, year=work.year, count=new))
    numbered: list[_Numbered] = [
        (payer, sequence, change, change.number or numbers.numbered(next(fresh)))
        for payer, sequence, change in todo
    ]
    batch = slip_store.batches(connection, organization=work.organization, year=work.year) + 1
    rows = []
    for kind in KINDS:
        of_kind = sorted((item for item in numbered if item[2].code == kind), key=lambda item: item[3])
        for file, part in _files(connection, work, of_kind):
            rows += [
                Row(
                    year=work.year,
                    number=number,
                    code=change.code,
                    organization=work.organization,
                    payer=payer,
                    sequence=sequence,
                    batch=batch,
                    file=file,
                    replaces=change.replaces,
                    slip=change.slip,
                    exchange=work.exchange,
                )
                for payer, sequence, change, number in part
            ]
    return rows


def _files(
    connection: sa.Connection, work: _Work, items: Sequence[_Numbered]
) -> list[tuple[str, Sequence[_Numbered]]]:
    """The items in files of at most so many, each file with its name of the transmitter's sequence."""
    size = work.table.slips_per_file
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    series = numbers.file_series(work.filer.transmitter)
    sequence = numbers.take(connection, series, year=work.year, count=len(parts))
    names = (numbers.file_name(work.year, work.filer.transmitter, number) for number in sequence)
    return [(marked(name, work.table, work.filer), part) for name, part in zip(names, parts, strict=True)]


def _check(connection: sa.Connection, work: _Work, dues: Mapping[str, Due]) -> tuple[Summary, Decimal]:
    """The summary of all slips, once they are seen to be exactly what is due, and ΣC of payers set aside.

    Raises IntegrityError when they are not.
    """
    held = slip_store.amounts(connection, organization=work.organization, year=work.year)
    standing = {payer: stand for payer, slips in held.items() if (stand := valid(slips))}
    wanted = {payer: (item.c, item.d) for payer, item in dues.items() if item.slip is not None}
    set_aside = {payer for payer, item in dues.items() if item.reason not in (None, FEDERAL)}
    there = {payer: (slips[0].c, slips[0].d) for payer, slips in standing.items() if payer not in set_aside}
    if wanted != there or any(len(slips) != 1 for slips in standing.values()):
        raise IntegrityError(
            f"{work.exchange}: slips differ from receipts. Nothing was issued; report this.",
            f"{work.exchange} : relevés et encaissements diffèrent. Rien n'a été émis; signalez-le.",
        )
    batch = slip_store.batches(connection, organization=work.organization, year=work.year)
    everything = (slip for slips in held.values() for slip in slips)
    kept = sum((slips[0].c for payer, slips in standing.items() if payer in set_aside), _NOTHING)
    return summarise(work.year, everything, amended=batch > 1), kept


def _counts(
    work: _Work, dues: Mapping[str, Due], issued: Sequence[Row], summary: Summary, *, kept: Decimal
) -> dict[str, Any]:
    """Figures of the exchange: paid = C of all slips + what is on no slip + federal receipts.

    `kept`: ΣC of slips that stand although their payer is set aside now.
    """
    codes = Counter(row.code for row in issued)
    refused = [item for item in dues.values() if item.reason not in (None, FEDERAL)]
    federal = [item for item in dues.values() if item.reason == FEDERAL]
    return {
        "year": work.year,
        "slips": {kind: codes[kind] for kind in KINDS},
        "valid": summary.count,
        "c_cents": cents(summary.c),
        "d_cents": cents(summary.d),
        "e_cents": cents(summary.e),
        "not_issued": dict(Counter(item.reason for item in refused)),
        "not_issued_cents": cents(sum((item.c for item in refused), -kept)),
        "federal_receipts": len(federal),
        "federal_cents": cents(sum((item.c for item in federal), _NOTHING)),
        "paid_cents": cents(sum((item.c for item in dues.values()), _NOTHING)),
    }
