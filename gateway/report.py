"""The reconciliation of one run: what was read, released, declared, charged and written down, and whether it adds up.

A balance is two figures that must agree: of one step, of two steps, or of a step and of the tables it wrote,
which are counted again. One that does not stops the day (exit 4). The report holds counts, codes and ids, no person.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gateway import keys as hub_keys
from gateway import ministry, outbox
from gateway import quarantine as quarantines
from gateway.billing import service as billing
from gateway.evidence import chain
from gateway.store import exchanges
from gateway.store.hub import Hub
from gateway.store.schema import day_run, decision, declaration, journal, ledger_entry, slip
from gateway.store.schema import quarantine as quarantine_table
from gateway.store.schema import resource_version as version

TOP_REASONS = 5


@dataclass(frozen=True, slots=True)
class Balance:
    """Two figures that must agree, and what they are."""

    name: str
    left: int
    right: int

    @property
    def holds(self) -> bool:
        """Whether they do."""
        return self.left == self.right


def build(connection: sa.Connection, hub: Hub, run: str, *, moment: datetime) -> dict[str, Any]:
    """The whole report of a run, as JSON types: what was done, and what waits in the outbox at that moment."""
    row = connection.execute(sa.select(day_run).where(day_run.c.id == run)).one()
    organizations = sorted({e.system.rpartition("@")[2] for e in _route(connection, run, "intake")})
    verdict = chain.verify(connection, hub_keys.public_pem(hub.keys))
    sections = {
        "intake": [_intake(item) for item in _route(connection, run, "intake")],
        "handoff": [_handoff(item) for item in _route(connection, run, "handoff")],
        "ministry": [_ministry(item) for item in _route(connection, run, "ministry")],
        "billing": [_billing(connection, run, item, row.tax_year) for item in organizations],
    }
    balances = [
        *intake_balances(connection, run),
        *_handoff_balances(connection, sections["handoff"]),
        *_ministry_balances(connection, sections["ministry"]),
        *_billing_balances(sections["billing"]),
        Balance(
            "evidence: entries that hold = entries", verdict.entries if verdict.holds else 0, verdict.entries
        ),
    ]
    return {
        "run": run,
        "day": row.day.isoformat(),
        "school_year": row.school_year,
        "tax_year": row.tax_year,
        **sections,
        "waiting": [
            _waiting(item) for item in outbox.standing(connection, hub.settings.site_folder, moment=moment)
        ],
        "ministry_errors": [asdict(item) for item in ministry.errors(hub)],
        "quarantine": _quarantine(connection),
        "evidence": {
            "entries": verdict.entries,
            "heads": verdict.heads,
            "holds": verdict.holds,
            "kinds": dict(chain.kinds(connection)),
        },
        "balances": [asdict(item) | {"holds": item.holds} for item in balances],
        "balanced": all(item.holds for item in balances),
    }


def intake_balances(connection: sa.Connection, run: str) -> list[Balance]:
    """For every mapping of every system: what landed was mapped, what was mapped is accounted for, and what
    is called stored is in the table.
    """
    exchanged = _route(connection, run, "intake")
    written = _written(connection, [row.id for row in exchanged])
    found = []
    for row in exchanged:
        for name, counts in row.counts.get("mappings", {}).items():
            stored, landed = counts.get("stored", 0), row.counts["rows"][counts["stream"]]
            kept = stored + counts.get("unchanged", 0) + counts.get("quarantined", 0)
            about = f"{row.system} {name}"
            found += [
                Balance(f"{about}: rows mapped = rows landed", counts["rows"], landed),
                Balance(f"{about}: read = stored + unchanged + quarantined", counts["read"], kept),
                Balance(f"{about}: stored = versions written", stored, written.get((row.id, name), 0)),
            ]
    return found


def _written(connection: sa.Connection, ids: list[str]) -> dict[tuple[str, str], int]:
    """(exchange, mapping) → versions that it wrote."""
    mapping = version.c.place["mapping"].astext
    rows = connection.execute(
        sa.select(version.c.exchange, mapping, sa.func.count())
        .where(version.c.exchange.in_(ids))
        .group_by(version.c.exchange, mapping)
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _route(connection: sa.Connection, run: str, route: str) -> list[sa.Row[Any]]:
    return exchanges.of_run(connection, run, route=route)


def _intake(row: sa.Row[Any]) -> dict[str, Any]:
    mappings = row.counts.get("mappings", {})
    reasons: Counter[str] = Counter()
    for counts in mappings.values():
        reasons.update(counts.get("reasons", {}))
    return {
        "system": row.system,
        "state": row.state,
        "rows": sum(row.counts.get("rows", {}).values()),
        **{
            part: sum(counts.get(part, 0) for counts in mappings.values())
            for part in ("read", "stored", "unchanged", "quarantined", "filtered", "empty")
        },
        "reasons": dict(reasons.most_common(TOP_REASONS)),
        "mappings": mappings,
    }


def _handoff(row: sa.Row[Any]) -> dict[str, Any]:
    receipt = row.receipt or {}
    return {
        "exchange": row.id, "system": row.system, "state": row.state,
        "receipt": receipt.get("number"), **row.counts,
    }  # fmt: skip


def _ministry(row: sa.Row[Any]) -> dict[str, Any]:
    return {"exchange": row.id, "system": row.system, "state": row.state, **row.counts}


def _waiting(item: outbox.Standing) -> dict[str, Any]:
    return {
        "destination": item.destination,
        "deliveries": item.deliveries,
        "since": item.since.isoformat(timespec="seconds"),
        "until": item.until.isoformat(timespec="seconds") if item.until else None,
        "closed": item.closed,
        "failure": item.failure,
    }


def _billing(connection: sa.Connection, run: str, organization: str, year: int) -> dict[str, Any]:
    charged: Mapping[str, Any] = _of_board(_route(connection, run, "charge"), organization)
    posted = [
        row
        for row in _route(connection, run, "erp")
        if row.system.endswith(f"@{organization}") and row.state == "done"
    ]
    issued: Mapping[str, Any] = _of_board(_route(connection, run, "rl24"), organization)
    standing = billing.standing(connection, organization)
    codes = connection.execute(
        sa.select(slip.c.code, sa.func.count())
        .where(slip.c.organization == organization, slip.c.year == year)
        .group_by(slip.c.code)
    )
    return {
        "board": organization,
        "charged": dict(charged),
        "journals_posted": len(posted),
        "journals": [row.counts for row in posted],
        "ledger": asdict(standing) | {"waiting_cents": _waiting_cents(connection, organization)},
        "rl24": dict(issued),
        "slips_held": {row[0]: row[1] for row in codes},
    }


def _waiting_cents(connection: sa.Connection, organization: str) -> int:
    """What the ledger holds in a journal that waits in the outbox, and behind it: one journal goes at a time."""
    unposted = sa.select(journal.c.exchange).where(
        journal.c.organization == organization, journal.c.receipt.is_(None)
    )
    if not outbox.waits(connection, connection.scalars(unposted).all()):
        return 0
    posted = sa.select(journal.c.number).where(journal.c.receipt.is_not(None))
    return int(
        connection.scalar(
            sa.select(sa.func.coalesce(sa.func.sum(ledger_entry.c.cents), 0)).where(
                ledger_entry.c.organization == organization,
                ledger_entry.c.journal.is_(None) | ledger_entry.c.journal.not_in(posted),
            )
        )
        or 0
    )


def _of_board(rows: Iterable[sa.Row[Any]], organization: str) -> Mapping[str, Any]:
    return next((row.counts for row in rows if f"@{organization}" in row.system), {})


def _handoff_balances(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> list[Balance]:
    found = []
    for row in rows:
        name = f"{row['system']} {row['exchange'].rpartition('/')[2]}"
        waiting = row["released"] if outbox.waits(connection, [row["exchange"]]) else 0
        apart = sum(row["withheld"].values())
        found.append(
            Balance(
                f"{name}: population = released + unchanged + withheld",
                row["population"],
                row["released"] + row["unchanged"] + apart,
            )
        )
        rejected = sum(row.get("rejected", {}).values())
        found.append(
            Balance(
                f"{name}: released = received + rejected + waiting",
                row["released"],
                row["received"] + rejected + waiting,
            )
        )
        delivered = connection.scalar(
            sa.select(sa.func.count())
            .select_from(decision)
            .where(decision.c.exchange == row["exchange"], decision.c.delivered_at.is_not(None))
        )
        found.append(
            Balance(f"{name}: received = decisions marked delivered", row["received"], delivered or 0)
        )
    return found


def _ministry_balances(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> list[Balance]:
    found = []
    for row in rows:
        name = f"{row['system']} {row['exchange'].rpartition('/')[2]}"
        waiting = row["declared"] if outbox.waits(connection, [row["exchange"]]) else 0
        apart = sum(row["not_declarable"].values()) + sum(row["withheld"].values())
        found.append(
            Balance(
                f"{name}: enrolled = declared + unchanged + not declarable + withheld",
                row["enrolled"],
                row["declared"] + row["unchanged"] + apart,
            )
        )
        rejected = sum(row["rejected"].values())
        found.append(
            Balance(
                f"{name}: declared = accepted + corrected + rejected + waiting",
                row["declared"],
                row["accepted"] + row["corrected"] + rejected + waiting,
            )
        )
        answered = connection.scalar(
            sa.select(sa.func.count())
            .select_from(declaration)
            .where(declaration.c.exchange == row["exchange"], declaration.c.state != "prepared")
        )
        found.append(
            Balance(
                f"{name}: declared = declarations answered + waiting",
                row["declared"],
                (answered or 0) + waiting,
            )
        )
    return found


def _billing_balances(rows: Iterable[Mapping[str, Any]]) -> list[Balance]:
    found = []
    for row in rows:
        board, charged, ledger, rl24 = row["board"], row["charged"], row["ledger"], row["rl24"]
        charges, receipts = charged.get("charges_cents", 0), charged.get("receipts_cents", 0)
        owed = charged.get("arrears_cents", 0)
        credit = charged.get("credit_cents", 0)
        found += [
            Balance(f"{board}: charges = receipts + arrears", charges, receipts + owed),
            Balance(f"{board}: ledger charges = charges", ledger["charges"], charges),
            Balance(f"{board}: ledger receipts = receipts + credits", ledger["receipts"], receipts + credit),
            Balance(
                f"{board}: posted journals + waiting = ledger",
                ledger["posted_cents"] + ledger["waiting_cents"],
                ledger["turnover"],
            ),
        ]
        for counts in row["journals"]:
            found.append(
                Balance(
                    f"{board}: journal debit = credit",
                    counts["journal_debit_cents"],
                    counts["journal_credit_cents"],
                )
            )
        if rl24:
            found.append(Balance(f"{board}: C = D + E", rl24["c_cents"], rl24["d_cents"] + rl24["e_cents"]))
            found.append(
                Balance(
                    f"{board}: paid for the year = slips + not issued + federal receipts",
                    rl24["paid_cents"],
                    rl24["c_cents"] + rl24["not_issued_cents"] + rl24["federal_cents"],
                )
            )
    return found


def _quarantine(connection: sa.Connection) -> dict[str, Any]:
    query = (
        sa.select(quarantine_table.c.rule, sa.func.count())
        .where(quarantine_table.c.mended_at.is_(None))
        .group_by(quarantine_table.c.rule)
        .order_by(sa.func.count().desc(), quarantine_table.c.rule)
    )
    rules = {row[0]: row[1] for row in connection.execute(query)}
    return {"faults": sum(rules.values()), "rules": rules, "first": _first(connection)}


def _first(connection: sa.Connection) -> list[dict[str, Any]]:
    return [quarantines.rejection(row) for row in quarantines.listing(connection)[:TOP_REASONS]]
