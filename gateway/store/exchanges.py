"""Exchanges: one run of one route, in or out. The id is the idempotency key: beginning twice is once."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from canonical_model.errors import ConfigurationError, HubError
from gateway.store.schema import exchange


def begin(
    connection: sa.Connection,
    id: str,  # noqa: A002 - the word of the table and of the interface
    *,
    run: str,
    route: str,
    system: str,
    direction: str,
    day: date,
    moment: datetime,
) -> str:
    """Start an exchange, or find the one of that id. Returns its state: ``started`` when it is new."""
    row = {"id": id, "run": run, "route": route, "system": system, "direction": direction, "day": day}
    connection.execute(
        insert(exchange)
        .values(**row, state="started", started_at=moment)
        .on_conflict_do_nothing(index_elements=["id"])
    )
    state: str = connection.execute(
        sa.select(exchange.c.state).where(exchange.c.id == id).with_for_update()
    ).scalar_one()
    return state


def record(
    connection: sa.Connection,
    id: str,  # noqa: A002
    *,
    state: str,
    moment: datetime,
    counts: Mapping[str, Any] | None = None,
    digest: bytes | None = None,
    receipt: Mapping[str, Any] | None = None,
    failure: HubError | None = None,
) -> None:
    """Write what became of it. `counts` are merged by their top-level names; digest and receipt stay when
    they are not given; a failure stands until the next record.
    """
    values: dict[str, Any] = {"state": state, "ended_at": moment if state in ("done", "failed") else None}
    if counts is not None:
        merged = exchange.c.counts.op("||")(sa.cast(dict(counts), exchange.c.counts.type))
        values["counts"] = merged
    if digest is not None:
        values["digest"] = digest
    if receipt is not None:
        values["receipt"] = dict(receipt)
    values["failure"] = (
        {"code": failure.code, "en": failure.english, "fr": failure.french} if failure else None
    )
    connection.execute(sa.update(exchange).where(exchange.c.id == id).values(**values))


def find(connection: sa.Connection, id: str) -> sa.Row[Any] | None:  # noqa: A002
    """The exchange of that id, or None."""
    return connection.execute(sa.select(exchange).where(exchange.c.id == id)).one_or_none()


def locked(
    connection: sa.Connection,
    id: str,  # noqa: A002
    *,
    route: str,
    english: str,
    french: str,
) -> sa.Row[Any]:
    """The exchange of that id and route, held until the end of the transaction.

    Raises ConfigurationError when there is none; `english` and `french` name what is missing.
    """
    query = sa.select(exchange).where(exchange.c.id == id).with_for_update()
    held = connection.execute(query).one_or_none()
    if held is None or held.route != route:
        raise ConfigurationError(
            f"exchange {id}: there is {english}. Prepare it first.",
            f"échange {id} : {french}. Préparez-la d'abord.",
        )
    return held


def of_run(connection: sa.Connection, run: str, *, route: str | None = None) -> list[sa.Row[Any]]:
    """All exchanges of one run of the day, of one route when named, in the order of their ids."""
    query = sa.select(exchange).where(exchange.c.run == run).order_by(exchange.c.id)
    if route is not None:
        query = query.where(exchange.c.route == route)
    return list(connection.execute(query))
