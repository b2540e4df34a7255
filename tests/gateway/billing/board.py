"""A board as the hub knows it, for tests: what is said of it is stored, its days are billed for real."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from canonical_model.codings import Coding
from canonical_model.money import Money
from canonical_model.resources.childcare_contract import ChildcareContract
from canonical_model.resources.childcare_day import ChildcareDay
from canonical_model.resources.payment import Payment
from canonical_model.resources.student import Student
from canonical_model.subjects import Identifier
from gateway.billing import service
from gateway.store import exchanges, people, versions
from gateway.store.hub import Hub
from gateway.store.people import Claim
from gateway.store.versions import Version
from tests.gateway.billing.invented import BOARD, OTHER_SIN, SIN

DAY = date(2026, 2, 16)
MOMENT = datetime(2026, 2, 16, 11, 0, tzinfo=UTC)
ERP = f"mozaik_finances@{BOARD}"
LISTS = "2024-07-01"


@dataclass
class Daycare:
    """The board as the hub knows it; `say` changes what it knows, the steps of the day bill it."""

    hub: Hub
    moment: datetime = MOMENT
    persons: dict[str, str] = field(default_factory=dict)

    def child(self, fiche: str) -> None:
        """A new pupil."""
        subject = Identifier(system=f"fiche:{BOARD}", value=fiche)
        with self.hub.transaction() as connection:
            found, _ = people.establish(
                connection,
                self.hub.keys,
                [Claim(fiche, ((subject.system, subject.value),), "2018-05-04")],
                exchange="intake",
                moment=self.moment,
            )
        self.persons[fiche] = found[fiche]
        self._store(
            Student(
                subject=(subject,),
                organization=BOARD,
                family_name="Invention",
                given_name=f"Ève-{fiche}",
                birth_date=date(2018, 5, 4),
                sex=code("sex", "F"),
            ),
            fiche,
        )

    def contract(self, fiche: str, payer: str, share: str = "100", **changed: Any) -> None:
        """Who pays which part of a child's daycare."""
        values: dict[str, Any] = {
            "family_name": f"Invention-{payer}",
            "given_name": "Zoé",
            "street": "12, rue de l'Exemple",
            "city": "Montréal",
            "postal_code": "H2X1Y4",
            "social_insurance_number": SIN,
        }
        self._store(
            ChildcareContract(
                **self._who(fiche),
                school_year=2025,
                payer=payer,
                relation=code("guardian_relation", "mother"),
                share=Decimal(share),
                **(values | changed),
            ),
            f"{fiche}|{payer}",
        )

    def day(self, fiche: str, on: date, kind: str = "class_day", **changed: Any) -> None:
        """A care day, or another content of it."""
        self._store(
            ChildcareDay(
                **self._who(fiche),
                day=on,
                kind=code("childcare_day_kind", kind),
                status=code("childcare_status", changed.pop("status", "regular")),
                **changed,
            ),
            f"{fiche}|{on}",
        )

    def pays(
        self,
        payer: str,
        amount: str,
        *,
        number: str,
        fiche: str,
        on: date = date(2025, 12, 1),
        channel: str = "bank",
    ) -> None:
        """A receipt, or another content of it."""
        self._store(
            Payment(
                **self._who(fiche),
                number=number,
                payer=payer,
                paid_on=on,
                amount=Money(amount=Decimal(amount)),
                channel=code("payment_channel", channel),
            ),
            number,
        )

    def counts(self, exchange: str) -> dict[str, Any]:
        """What an exchange counted."""
        return dict(self.row(exchange).counts)

    def row(self, exchange: str) -> sa.Row[Any]:
        with self.hub.transaction() as connection:
            found = exchanges.find(connection, exchange)
        assert found is not None
        return found

    def all(self, table: sa.Table) -> list[sa.Row[Any]]:
        """Every row of a table."""
        with self.hub.transaction() as connection:
            return list(connection.execute(sa.select(table).order_by(*table.primary_key)))

    def charge(self, run: str = "r1", day: date = DAY) -> dict[str, Any]:
        return self.counts(service.charge(self.hub, run=run, day=day, moment=self.moment, organization=BOARD))

    def post(self, run: str = "r1", day: date = DAY) -> str | None:
        return service.post_journal(self.hub, run=run, day=day, moment=self.moment, organization=BOARD)

    def issue(self, run: str = "r1", day: date = DAY) -> dict[str, Any]:
        return self.counts(
            service.issue_slips(self.hub, run=run, day=day, moment=self.moment, organization=BOARD, year=2025)
        )

    @property
    def files(self) -> dict[str, bytes]:
        """What lies in the folder of slips."""
        folder = self.hub.settings.root / "out" / "rl24"
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.is_dir() else {}

    def _who(self, fiche: str) -> dict[str, Any]:
        subject = (Identifier(system=f"fiche:{BOARD}", value=fiche),)
        return {"subject": subject, "organization": BOARD, "daycare": "101"}

    def _store(self, resource: Any, key: str) -> None:
        fiche = resource.subject[0].value
        self.moment = self.moment.replace(microsecond=self.moment.microsecond + 1)
        version = Version(
            resource=type(resource).__name__,
            key=f"avant_garde@{BOARD}:{key}",
            person=self.persons[fiche],
            section=resource.SECTION,
            organization=BOARD,
            document=resource.model_dump_json(),
            valid_from=None,
            valid_to=None,
            place={},
        )
        with self.hub.transaction() as connection:
            versions.merge(connection, self.hub.keys, [version], exchange="intake", moment=self.moment)


def code(system: str, value: str) -> Coding:
    return Coding(system=system, version=LISTS, code=value)


# 9.50 + 9.50 + 0.79 + 16.20 + 15.00 + 20.00 = 70.99, by day: 42.59 of 60 %, 28.40 of 40 %
def family(daycare: Daycare) -> None:
    """A child of separated parents: 70.99 charged; P1 owes 42.59 and pays it, P2 28.40 and pays 18.00."""
    daycare.child("0000001")
    daycare.contract("0000001", "P1", "60")
    daycare.contract("0000001", "P2", "40", social_insurance_number=OTHER_SIN)
    daycare.day("0000001", date(2025, 1, 8))
    daycare.day("0000001", date(2025, 1, 9), extra_hours=Decimal("0.25"))
    daycare.day("0000001", date(2025, 1, 17), "pedagogical_day", outing=True)
    daycare.day("0000001", date(2025, 3, 3), "break_day")
    daycare.pays("P1", "42.59", number="R1", fiche="0000001")
    daycare.pays("P2", "18.00", number="R2", fiche="0000001", channel="cheque")
