"""Return files: what became of each declaration, joined back to the very source cell at fault.

On every lot: declared = accepted + corrected + rejected. An answer to another transaction, or none to
ours, stops everything. Rows for people name system, table, row and column, never a value of a person.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from gateway import site
from gateway.evidence.chain import Entry, append
from gateway.ministry import content, years
from gateway.ministry import exchange as ministry_exchange
from gateway.ministry.exchange import ROUTE, Outcome, ReturnFile
from gateway.ministry.years import SchoolYear
from gateway.store import exchanges
from gateway.store.hub import Hub
from gateway.store.schema import declaration
from gateway.store.schema import exchange as exchange_table
from mappings.engine import lineage, loader


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One declaration that the ministry refused or corrected, and the source cell to mend.

    `column` is empty when the whole row is at fault, ``table.column`` when the value is of another table.
    """

    organization: str
    number: str
    state: str
    code: str
    system: str
    stream: str
    row: int
    column: str
    french: str
    english: str


def collect(hub: Hub, exchange_id: str, *, moment: datetime) -> Mapping[str, Any]:
    """Fetch and store the return file of a sent lot. Returns the exchange's counts; done once.

    Raises RetryableError while the ministry has the lot in hand, IntegrityError when the file is not
    about these declarations, ConfigurationError when the lot was not sent.
    """
    with hub.transaction() as connection:
        held = ministry_exchange.locked(connection, exchange_id)
    if held.state == "done":
        return dict(held.counts)
    if held.state != "sent":
        raise ConfigurationError(
            f"exchange {exchange_id}: the lot was not sent yet. Transmit it first.",
            f"échange {exchange_id} : le lot n'est pas encore envoyé. Transmettez-le d'abord.",
        )
    returned = _fetched(hub, held)
    year = years.load(hub.settings.site_folder, held.receipt["school_year"])
    with hub.transaction() as connection:
        held = ministry_exchange.locked(connection, exchange_id)
        if held.state == "done":  # another worker read the same file
            return dict(held.counts)
        counts = _written(connection, hub, held, returned, year)
        exchanges.record(connection, exchange_id, state="done", counts=counts, moment=moment)
        facts = {
            "exchange": exchange_id,
            "lot": held.receipt["lot"],
            "file": hashlib.sha256(returned.raw).hexdigest(),
            **counts,
        }
        append(connection, moment, Entry("ministry.return-read", None, facts))
        return dict(ministry_exchange.locked(connection, exchange_id).counts)


def errors(hub: Hub, run: str | None = None) -> tuple[ErrorRow, ...]:
    """Every declaration that was refused or corrected, by board, table, row: of one run, or all that stand.

    One stands until the enrolment is declared again: a day on which nothing changed still shows it.
    """
    latest = (
        sa.select(declaration.c.number)
        .distinct(declaration.c.resource_key)
        .order_by(declaration.c.resource_key, declaration.c.prepared_at.desc(), declaration.c.number.desc())
    )
    query = (
        sa.select(declaration, exchange_table.c.receipt)
        .join(exchange_table, exchange_table.c.id == declaration.c.exchange)
        .where(
            exchange_table.c.route == ROUTE,
            declaration.c.state.in_(("rejected", "corrected")),
            declaration.c.number.in_(latest) if run is None else exchange_table.c.run == run,
        )
    )
    with hub.transaction() as connection:
        rows = connection.execute(query).all()
    tables = {
        number: years.load(hub.settings.site_folder, number)
        for number in {row.receipt["school_year"] for row in rows}
    }
    found = [_error_row(row, tables[row.receipt["school_year"]]) for row in rows]
    return tuple(sorted(found, key=lambda item: (item.organization, item.stream, item.row, item.number)))


def correction(hub: Hub, number: str, *, moment: datetime) -> str | None:
    """The value that the ministry kept for a corrected declaration, for who mends the source, or None.

    It is about a person: that it was looked at is written down.
    """
    with hub.transaction() as connection:
        row = connection.execute(sa.select(declaration).where(declaration.c.number == number)).one_or_none()
        if row is None or row.correction is None:
            return None
        value = content.opened_correction(hub.keys, number, row.correction)
        facts = {"declaration": number, "field": row.error_field}
        append(connection, moment, Entry("ministry.correction-read", str(row.person), facts))
    return value


def _fetched(hub: Hub, held: sa.Row[Any]) -> ReturnFile:
    target = ministry_exchange.connected(hub, held.system)
    try:
        returned = target.fetch_return(held.receipt["lot"])
    finally:
        target.close()
    if returned is None:
        raise RetryableError(
            f"{held.system}/{held.receipt['lot']}: the ministry has the lot in hand. Ask again later.",
            f"{held.system}/{held.receipt['lot']} : le ministère traite encore ce lot. Redemandez plus tard.",
        )
    return returned


def _written(
    connection: sa.Connection, hub: Hub, held: sa.Row[Any], returned: ReturnFile, year: SchoolYear
) -> dict[str, Any]:
    """Each outcome in its row; the balanced counts."""
    lot = held.receipt["lot"]
    query = sa.select(declaration).where(declaration.c.exchange == held.id)
    rows = {row.number: row for row in connection.execute(query)}
    outcomes = {f"{lot}-{item.number}": item for item in returned.outcomes}
    if outcomes.keys() != rows.keys() or len(outcomes) != len(returned.outcomes):
        missing, strange = len(rows.keys() - outcomes.keys()), len(outcomes.keys() - rows.keys())
        raise IntegrityError(
            f"{held.system}/{lot}: the return file leaves {missing} declarations without an answer, and"
            f" answers {strange} others, or one twice. Ask the ministry for a whole file.",
            f"{held.system}/{lot} : le retour laisse {missing} déclarations sans réponse, et répond à"
            f" {strange} autres, ou deux fois à une. Demandez un fichier complet au ministère.",
        )
    connection.execute(
        sa.update(declaration).where(declaration.c.number == sa.bindparam("b_number")),
        [_values(hub, rows[number], item, year) for number, item in outcomes.items()],
    )
    counts = _answers(list(outcomes.values()))
    content.check(held.id, {**held.counts, **counts}, answered=True)
    return counts


def _answers(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    states = Counter(item.state for item in outcomes)
    rejected = Counter(item.code or "-" for item in outcomes if item.state == "rejected")
    return {
        "accepted": states["accepted"],
        "corrected": states["corrected"],
        "rejected": dict(sorted(rejected.items())),
    }


def _values(hub: Hub, row: sa.Row[Any], item: Outcome, year: SchoolYear) -> dict[str, Any]:
    sealed = None
    if item.correction is not None:
        sealed = content.sealed_correction(hub.keys, row.number, item.correction.value)
    return {
        "b_number": row.number,
        "state": item.state,
        "error_code": item.code,
        "error_field": item.field,
        "correction": sealed,
        "place": None if item.state == "accepted" else _cell(hub, year, row.origin, item.field),
    }


def _cell(
    hub: Hub, year: SchoolYear, origin: Mapping[str, Mapping[str, Any]], tag: str | None
) -> dict[str, Any]:
    """The place of the declared record, with the column that the tag's value was read from."""
    field = year.field(tag)
    place = origin[field.resource if field is not None else "Enrolment"]
    column = ""
    if field is not None:
        root = site.mapping_root(hub.settings.site_folder, place["mapping"], loader.ROOT)
        column = lineage.place(loader.load(place["mapping"], root), field.path, place.get("slot"))
    return {**place, "column": column}


def _error_row(row: sa.Row[Any], year: SchoolYear) -> ErrorRow:
    unknown = (
        f"Code {row.error_code} absent de la table du ministère. Cherchez-le dans son guide.",
        f"Code {row.error_code} is not in the ministry's table. Look it up in its guide.",
    )
    french, english = year.errors.get(row.error_code or "", unknown)
    return ErrorRow(
        organization=row.exchange.rpartition("/")[2],
        number=row.number,
        state=row.state,
        code=row.error_code or "-",
        system=row.place["system"],
        stream=row.place["stream"],
        row=row.place["row"],
        column=row.place["column"],
        french=french,
        english=english,
    )
