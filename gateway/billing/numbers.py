"""Numbers of slips, files and payers' references. Never one twice in a year and series; none past its end.

A slip number is eight digits of Revenu Québec's series and their remainder by 7; a range is taken by
one statement in the caller's transaction, so a number is used, or was rolled back with its slip.
"""

import re
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from stdnum import luhn

from canonical_model.errors import ConfigurationError
from canonical_model.identifiers import releve_24_check_digit
from gateway.store.schema import slip_number

TRANSMITTER = re.compile(r"^NP\d{6}$")
LAST_FILE = 999


@dataclass(frozen=True, slots=True)
class Series:
    """A range of numbers, both ends in it. `name` is the key of its counter."""

    name: str
    first: int
    last: int


def slip_series(first: str, last: str) -> Series:
    """The series of slip numbers that Revenu Québec gave, by its first and last eight digits."""
    return Series(f"rl24:{first}-{last}", int(first), int(last))


def file_series(transmitter: str) -> Series:
    """The transmitter's yearly sequence of files, 001 to 999."""
    return Series(f"file:{transmitter}", 1, LAST_FILE)


def numbered(series_number: int) -> str:
    """The nine digits of a slip: the series number, left-padded to eight, and its check digit."""
    return f"{series_number:08d}{releve_24_check_digit(series_number)}"


def file_name(year: int, transmitter: str, sequence: int) -> str:
    """``AAPPPPPPSSS.xml``. Raises ConfigurationError when the year's 999 files are used up."""
    if not TRANSMITTER.match(transmitter):
        raise ConfigurationError(
            "childcare.yaml: a transmitter is NP and six digits. Correct the file.",
            "childcare.yaml : un transmetteur s'écrit NP et six chiffres. Corrigez le fichier.",
        )
    if not 1 <= sequence <= LAST_FILE:
        raise _exhausted(f"file:{transmitter}", year)
    return f"{year % 100:02d}{transmitter[2:]}{sequence:03d}.xml"


def reference_number(body: str) -> str:
    """A payer's reference for bill payment: its digits and a Luhn check digit (our convention, facts §14)."""
    return body + str(luhn.calc_check_digit(body))


def take(connection: sa.Connection, series: Series, *, year: int, count: int) -> range:
    """The next `count` numbers of a series, never given before. Raises ConfigurationError past its end."""
    if count == 0:
        return range(0)
    table = slip_number
    query = insert(table).values(year=year, series=series.name, last=series.first - 1 + count)
    query = query.on_conflict_do_update(
        index_elements=[table.c.year, table.c.series], set_={"last": table.c.last + count}
    )
    last: int = connection.execute(query.returning(table.c.last)).scalar_one()
    if last > series.last:
        raise _exhausted(series.name, year)
    return range(last - count + 1, last + 1)


def _exhausted(name: str, year: int) -> ConfigurationError:
    return ConfigurationError(
        f"series {name}: no number is left for {year}. Ask Revenu Québec for another series.",
        f"série {name} : il ne reste aucun numéro pour {year}. Demandez une autre série à Revenu Québec.",
    )
