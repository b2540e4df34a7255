"""Records set aside, each with its place, rule and remedy; never dropped, never repaired in silence.

One fault is one row, however often the source repeats it: meeting it again moves `last_at`. A fault
that its system no longer shows is marked mended. The record itself stays in its sealed batch.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from canonical_model import rules
from gateway.store.schema import quarantine


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one record was set aside. `row_key` is the source's own key; `column` may be empty."""

    system: str
    stream: str
    row: int
    row_key: str
    column: str
    resource: str
    path: str
    rule: str
    mapping: str


_KEY = ("system", "stream", "row_key", "resource", "column", "rule")


def note(
    connection: sa.Connection,
    faults: Sequence[Fault],
    *,
    system: str,
    exchange: str,
    batch: str,
    moment: datetime,
) -> None:
    """Write the faults of one whole pull of a system; earlier faults it no longer shows are mended."""
    distinct = {tuple(getattr(fault, name) for name in _KEY): fault for fault in faults}
    common = {"exchange": exchange, "batch": batch, "first_at": moment, "last_at": moment}
    rows = [asdict(fault) | common for fault in distinct.values()]
    for start in range(0, len(rows), 2000):
        statement = insert(quarantine).values(rows[start : start + 2000])
        new = statement.excluded
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(_KEY),
                set_={
                    "row": new.row, "path": new.path, "mapping": new.mapping, "exchange": new.exchange,
                    "batch": new.batch, "last_at": new.last_at, "mended_at": None,
                },
            )
        )  # fmt: skip
    connection.execute(
        sa.update(quarantine)
        .where(
            quarantine.c.system == system,
            quarantine.c.exchange != exchange,
            quarantine.c.mended_at.is_(None),
        )
        .values(mended_at=moment)
    )


def listing(
    connection: sa.Connection, *, system: str | None = None, rule: str | None = None
) -> list[sa.Row[Any]]:
    """Faults that stand, oldest first."""
    query = sa.select(quarantine).where(quarantine.c.mended_at.is_(None)).order_by(quarantine.c.id)
    if system is not None:
        query = query.where(quarantine.c.system == system)
    if rule is not None:
        query = query.where(quarantine.c.rule == rule)
    return list(connection.execute(query))


def show(connection: sa.Connection, id: int) -> sa.Row[Any] | None:  # noqa: A002
    """One fault, standing or mended; None when there is none of that id."""
    return connection.execute(sa.select(quarantine).where(quarantine.c.id == id)).one_or_none()


def rejection(row: sa.Row[Any]) -> dict[str, Any]:
    """A fault in the shape that interface.md gives a rejected record: place, rule, words, remedy."""
    words = rules.words(row.rule)
    return {
        "id": row.id,
        "source": {
            "system": row.system,
            "stream": row.stream,
            "file": None,
            "row": row.row,
            "key": row.row_key,
            "column": row.column or None,
        },
        "rule": row.rule,
        "path": row.path,
        "mapping": row.mapping,
        "message_fr": words.french,
        "message_en": words.english,
        "remedy_fr": words.remedy_french,
        "remedy_en": words.remedy_english,
    }
