"""What all steps of a declaration share: the installed ministry, the lot's number, the locked exchange."""

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import sqlalchemy as sa

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt
from gateway import site
from gateway.settings import Settings
from gateway.store import exchanges
from gateway.store.hub import Hub

ROUTE = "ministry"
CONNECTOR = "charlemagne"
PURPOSE = "ministry_declaration"
SECTIONS = frozenset({"identity", "enrolment"})


class Correction(Protocol):
    """A value that the ministry kept instead of the declared one."""

    @property
    def value(self) -> str: ...


class Outcome(Protocol):
    """What became of one transaction, by its number in the lot."""

    @property
    def number(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def code(self) -> str | None: ...
    @property
    def field(self) -> str | None: ...
    @property
    def correction(self) -> Correction | None: ...


class ReturnFile(Protocol):
    """The ministry's answer to one lot."""

    @property
    def outcomes(self) -> Sequence[Outcome]: ...
    @property
    def raw(self) -> bytes: ...


@runtime_checkable
class Ministry(Protocol):
    """A target that also gives a return file later: what the connector of the ministry must be."""

    def deliver(self, delivery: Delivery) -> Receipt: ...
    def fetch_return(self, lot: str) -> ReturnFile | None: ...
    def close(self) -> None: ...


def installed(settings: Settings) -> Installation:
    """The one ministry of the site; its organisation is the recipient. Raises ConfigurationError."""
    found = [item for item in site.installations(settings.site_folder) if item.connector == CONNECTOR]
    if len(found) != 1:
        raise ConfigurationError(
            f"systems.yaml: exactly one {CONNECTOR} is expected, and there are {len(found)}."
            " Install the ministry once.",
            f"systems.yaml : un seul {CONNECTOR} est attendu, il y en a {len(found)}."
            " Installez le ministère une fois.",
        )
    return found[0]


def connected(hub: Hub, system: str) -> Ministry:
    """The connector of the exchange's ministry; the caller closes it. Raises ConfigurationError."""
    known = site.connectors(hub.settings.site_folder)
    target = known.target(site.installation(hub.settings.site_folder, system))
    if not isinstance(target, Ministry):
        raise ConfigurationError(
            f"{system}: this connector gives no return file. Name the ministry's connector in systems.yaml.",
            f"{system} : ce connecteur ne donne pas de retour. Nommez celui du ministère dans systems.yaml.",
        )
    return target


def lot_number(exchange: str, board: str, year: int) -> str:
    """The lot's number: the same for the same exchange, whoever asks and however often."""
    return f"{board}-{year}-{hashlib.sha256(exchange.encode()).hexdigest()[:10].upper()}"


def locked(connection: sa.Connection, exchange: str) -> sa.Row[Any]:
    """The exchange's row, held until the end of the transaction. Raises ConfigurationError when unknown."""
    return exchanges.locked(
        connection,
        exchange,
        route=ROUTE,
        english="no such declaration",
        french="aucune déclaration de ce nom",
    )
