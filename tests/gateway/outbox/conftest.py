"""A partner that takes journals, live on loopback, and deliveries for it on a real database."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from canonical_model.errors import HubError
from connectors.kit import sandbox
from connectors.kit.protocol import Delivery, Receipt
from connectors.kit.province.generate import generate
from gateway import outbox
from gateway.evidence.chain import Entry, append
from gateway.outbox import Courier, Step, queue
from gateway.store.hub import Hub
from gateway.store.schema import evidence_entry

BOARD = "762000"
ERP = f"mozaik_finances@{BOARD}"
ROUTE = "test"
MORNING = datetime(2026, 2, 16, 15, 0, tzinfo=UTC)  # 10:00 in Montréal, a Monday
OFFICE = {
    "opening_hours.time_zone": "America/Toronto",
    **{
        f"opening_hours.{day}": "06:00-22:00"
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    },
}


class Killed(BaseException):
    """The plug was pulled: nothing after it ran."""


def journal(number: str) -> dict[str, Any]:
    """A balanced journal of one dollar, which the ERP takes."""
    accounts = ("762-1-00000-113100", "762-1-15310-710100")
    return {
        "number": number, "organization": BOARD, "fiscal_year": "20252026", "day": "2026-02-16",
        "currency": "CAD", "total_debit": "1.00", "total_credit": "1.00",
        "lines": [
            {"account": accounts[0], "debit": "1.00", "credit": "0.00"},
            {"account": accounts[1], "debit": "0.00", "credit": "1.00"},
        ],
    }  # fmt: skip


@dataclass
class JournalSender:
    """A route whose exchange says everything: its content is made from its key. `kill` says where to die."""

    kill: str = ""

    def content(self, connection: sa.Connection, hub: Hub, row: sa.Row[Any], *, moment: datetime) -> Delivery:
        self.die("deciding")
        return Delivery(row.key, (), journal(row.key))

    def received(
        self,
        connection: sa.Connection,
        hub: Hub,
        row: sa.Row[Any],
        *,
        delivery: Delivery,
        receipt: Receipt,
        moment: datetime,
    ) -> None:
        self.die("receipt")
        append(connection, moment, Entry("test.received", None, {"key": row.key, "number": receipt.number}))

    def failed(
        self, connection: sa.Connection, hub: Hub, row: sa.Row[Any], *, error: HubError, moment: datetime
    ) -> None:
        append(connection, moment, Entry("test.failed", None, {"key": row.key, "code": error.code}))

    def die(self, place: str) -> None:
        if self.kill == place:
            self.kill = ""
            raise Killed


@dataclass
class Desk:
    """A hub, a partner, and a clock that stands still unless somebody waits."""

    hub: Hub
    erp: Any
    entry: Mapping[str, Any]
    sender: JournalSender = field(default_factory=JournalSender)
    clock: datetime = MORNING
    waited: float = 0.0

    def install(self, *, address: str = "", **options: str) -> None:
        """The ERP at the site, as if elsewhere when an address is given; with options of the outbox."""
        site = self.hub.settings.site_folder
        site.mkdir(parents=True, exist_ok=True)
        for name, text in self.entry["secrets"].items():
            (site / name).write_text(text)
        told = dict(self.entry) | {
            "secrets": {name: {"file": name} for name in self.entry["secrets"]},
            "options": self.entry["options"] | options,
        }
        if address:
            told["address"] = address
        (site / "systems.yaml").write_text(yaml.safe_dump([told], default_style='"'))

    def put(self, *keys: str, destination: str = ERP) -> None:
        for key in keys:
            with self.hub.transaction() as connection:
                outbox.put(connection, destination, key, exchange=f"t/{key}", route=ROUTE, moment=self.clock)

    def work(self, **only: Any) -> tuple[Step, ...]:
        with Courier(self.hub, {ROUTE: self.sender}, pause=self.wait) as courier:
            return courier.work(now=lambda: self.clock, **only)

    def bring(self, key: str) -> None:
        with Courier(self.hub, {ROUTE: self.sender}, pause=self.wait) as courier:
            courier.bring(ERP, key, moment=self.clock)

    def wait(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)
        self.waited += seconds

    def rows(self) -> list[sa.Row[Any]]:
        with self.hub.transaction() as connection:
            return queue.listing(connection)

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]

    def evidence(self, kind: str) -> list[str]:
        """The keys in entries of that kind, oldest first."""
        query = sa.select(sa.text("body::jsonb -> 'facts' ->> 'key'")).select_from(evidence_entry)
        query = query.where(evidence_entry.c.kind == kind).order_by(evidence_entry.c.number)
        with self.hub.transaction() as connection:
            return list(connection.scalars(query))


@pytest.fixture
def desk(hub: Hub, tmp_path: Path) -> Iterator[Desk]:
    """An ERP that answers, always open, as fast as one likes."""
    with ExitStack() as stack:
        running = stack.enter_context(
            sandbox.running(
                generate(7, students=30, boards=1, day=date(2026, 2, 16)), tmp_path / "erp", systems=[ERP]
            )
        )
        made = Desk(hub, running.systems[0], running.entries[0])
        made.install()
        yield made
