"""Issued slips in the database: totals in clear, content sealed. A slip is added and never changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from gateway.billing.ledger import cents, dollars
from gateway.billing.rl24_xml import Numbered
from gateway.billing.slips import Code, Issued, Slip, opened
from gateway.billing.summary import Amounts
from gateway.keys import Keys, seal, unseal
from gateway.store.schema import slip


@dataclass(frozen=True, slots=True)
class Row:
    """One slip to store. `sequence`: the payer's nth of the year; `batch`: the board's nth issue of it."""

    year: int
    number: str
    code: Code
    organization: str
    payer: str
    sequence: int
    batch: int
    file: str
    replaces: str | None
    slip: Slip
    exchange: str


@dataclass(frozen=True, slots=True)
class Latest:
    """A payer's last slip of the year."""

    issued: Issued
    sequence: int


@dataclass(frozen=True, slots=True)
class File:
    """One XML file: its slips of one kind, in the order of their numbers, and the batch it belongs to."""

    name: str
    organization: str
    year: int
    code: Code
    batch: int
    exchange: str
    slips: tuple[Numbered, ...]


def latest(connection: sa.Connection, keys: Keys, *, organization: str, year: int) -> dict[str, Latest]:
    """Payer → the last slip of that year."""
    query = (
        sa.select(slip)
        .where(slip.c.organization == organization, slip.c.year == year)
        .ext(distinct_on(slip.c.payer))
        .order_by(slip.c.payer, slip.c.sequence.desc())
    )
    return {
        row.payer: Latest(Issued(row.number, row.code, _opened(keys, row)), row.sequence)
        for row in connection.execute(query)
    }


def batches(connection: sa.Connection, *, organization: str, year: int) -> int:
    """How many times the board issued slips of that year."""
    query = sa.select(sa.func.coalesce(sa.func.max(slip.c.batch), 0)).where(
        slip.c.organization == organization, slip.c.year == year
    )
    found: int = connection.execute(query).scalar_one()
    return found


def add(connection: sa.Connection, keys: Keys, rows: Sequence[Row]) -> list[bytes]:
    """Seal and store slips. Returns the keyed digests of their contents. A D carries no amounts."""
    values = []
    for row in rows:
        content = row.slip.canonical()
        total = (0, 0) if row.code == "D" else (cents(row.slip.c), cents(row.slip.d))
        values.append(
            {
                "year": row.year,
                "number": row.number,
                "code": row.code,
                "organization": row.organization,
                "payer": row.payer,
                "sequence": row.sequence,
                "batch": row.batch,
                "file": row.file,
                "replaces": row.replaces,
                "c_cents": total[0],
                "d_cents": total[1],
                "e_cents": total[0] - total[1],
                "content_digest": keys.keyed_digest("slip", row.code, row.number, content.decode()),
                "sealed": seal(keys.derived("slip"), content, _bound(row.year, row.number, row.code)),
                "exchange": row.exchange,
            }
        )
    if values:
        connection.execute(sa.insert(slip), values)
    return [cast("bytes", value["content_digest"]) for value in values]


def amounts(
    connection: sa.Connection, *, organization: str, year: int, batch: int | None = None
) -> dict[str, list[Amounts]]:
    """Payer → all slips of that year, oldest first; as they were after that batch when it is given."""
    conditions = [slip.c.organization == organization, slip.c.year == year]
    if batch is not None:
        conditions.append(slip.c.batch <= batch)
    found: dict[str, list[Amounts]] = defaultdict(list)
    for row in connection.execute(sa.select(slip).where(*conditions).order_by(slip.c.payer, slip.c.sequence)):
        figures = (dollars(row.c_cents), dollars(row.d_cents), dollars(row.e_cents))
        found[row.payer].append(Amounts(row.number, row.code, row.replaces, *figures))
    return dict(found)


def unwritten(connection: sa.Connection, keys: Keys, *, organization: str, year: int) -> list[File]:
    """Files whose slips are stored and that are not noted as written, in the order of their names."""
    query = (
        sa.select(slip)
        .where(slip.c.organization == organization, slip.c.year == year, slip.c.written_at.is_(None))
        .order_by(slip.c.file, slip.c.number)
    )
    return _files(keys, connection.execute(query))


def written(
    connection: sa.Connection, keys: Keys, *, year: int, organization: str | None = None
) -> list[File]:
    """Files of a tax year that are on disk, of one board when named, in the order of their names."""
    conditions = [slip.c.year == year, slip.c.written_at.is_not(None)]
    if organization is not None:
        conditions.append(slip.c.organization == organization)
    query = sa.select(slip).where(*conditions).order_by(slip.c.file, slip.c.number)
    return _files(keys, connection.execute(query))


def file_named(connection: sa.Connection, keys: Keys, name: str) -> File:
    """The file of that name. Raises ValueError when no slip is in it."""
    query = sa.select(slip).where(slip.c.file == name).order_by(slip.c.number)
    (found,) = _files(keys, connection.execute(query))
    return found


def note_written(connection: sa.Connection, files: Iterable[File], *, year: int, moment: datetime) -> int:
    """Note that those files are on disk. Returns how many slips were not noted before."""
    noted = connection.execute(
        sa.update(slip)
        .where(
            slip.c.year == year,
            slip.c.file.in_([file.name for file in files]),
            slip.c.written_at.is_(None),
        )
        .values(written_at=moment)
    )
    return noted.rowcount


def _files(keys: Keys, found: Iterable[sa.Row[Any]]) -> list[File]:
    """The files of slips that come in the order of file and number."""
    by_file: dict[str, list[sa.Row[Any]]] = defaultdict(list)
    for row in found:
        by_file[row.file].append(row)
    return [
        File(
            name=name,
            organization=rows[0].organization,
            year=rows[0].year,
            code=rows[0].code,
            batch=rows[0].batch,
            exchange=rows[0].exchange,
            slips=tuple(Numbered(row.number, _opened(keys, row), row.replaces) for row in rows),
        )
        for name, rows in by_file.items()
    ]


def _opened(keys: Keys, row: sa.Row[Any]) -> Slip:
    return opened(unseal(keys.derived("slip"), row.sealed, _bound(row.year, row.number, row.code)))


def _bound(year: int, number: str, code: str) -> str:
    return f"slip:{year}:{number}:{code}"
