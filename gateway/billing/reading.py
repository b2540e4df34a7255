"""A board's daycare records out of the dossier. Reads only; what lies after the day does not count yet."""

from collections.abc import Collection, Iterator
from datetime import date

import orjson
import sqlalchemy as sa

from canonical_model.resources.childcare_contract import ChildcareContract
from canonical_model.resources.childcare_day import ChildcareDay
from canonical_model.resources.payment import Payment as PaymentResource
from canonical_model.resources.student import Student
from gateway.billing.records import CareDay, Child, Contract, Payment, Records
from gateway.keys import Keys
from gateway.store import dossier


def records(connection: sa.Connection, keys: Keys, *, organization: str, day: date) -> Records:
    """Care days and payments up to `day`, and all contracts, of one board."""
    return Records(
        days=tuple(item for item in _days(connection, keys, organization) if item.day <= day),
        contracts=tuple(_contracts(connection, keys, organization)),
        payments=tuple(item for item in _payments(connection, keys, organization) if item.paid_on <= day),
    )


def children(
    connection: sa.Connection, keys: Keys, *, organization: str, wanted: Collection[str]
) -> dict[str, Child]:
    """Name and birth of those persons, as the board says them; one that it does not know is absent."""
    found: dict[str, Child] = {}
    for held in dossier.current(connection, keys, "Student", organization=organization):
        if held.person in wanted:
            student = Student.model_validate_json(orjson.dumps(held.document))
            found[held.person] = Child(
                held.person, student.family_name, student.given_name, student.birth_date
            )
    return found


def _days(connection: sa.Connection, keys: Keys, organization: str) -> Iterator[CareDay]:
    for held in dossier.current(connection, keys, "ChildcareDay", organization=organization):
        item = ChildcareDay.model_validate_json(orjson.dumps(held.document))
        yield CareDay(
            child=held.person,
            daycare=item.daycare,
            day=item.day,
            kind=item.kind.code,
            status=item.status.code,
            extra_hours=item.extra_hours,
            outing=item.outing,
        )


def _contracts(connection: sa.Connection, keys: Keys, organization: str) -> Iterator[Contract]:
    for held in dossier.current(connection, keys, "ChildcareContract", organization=organization):
        item = ChildcareContract.model_validate_json(orjson.dumps(held.document))
        yield Contract(
            child=held.person,
            daycare=item.daycare,
            year=item.school_year,
            payer=item.payer,
            share=item.share,
            family_name=item.family_name,
            given_name=item.given_name,
            street=item.street,
            city=item.city,
            postal_code=item.postal_code,
            social_insurance_number=item.social_insurance_number,
        )


def _payments(connection: sa.Connection, keys: Keys, organization: str) -> Iterator[Payment]:
    for held in dossier.current(connection, keys, "Payment", organization=organization):
        item = PaymentResource.model_validate_json(orjson.dumps(held.document))
        yield Payment(
            number=item.number,
            payer=item.payer,
            paid_on=item.paid_on,
            amount=item.amount.amount,
            channel=item.channel.code,
        )
