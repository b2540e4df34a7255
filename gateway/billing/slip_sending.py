"""Hands the files of RL-24 slips to the site's transmitter, once each. NON CERTIFIÉ goes to a test desk only.

A file is made again from the sealed slips when it leaves, and leaves only if it is still what was queued, and what
lies in the folder when somebody kept it there: nobody transmits what nobody has seen. The desk answers when it likes;
until then the receipt is that of the deposit, and the next call asks again.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from canonical_model.errors import ConfigurationError, HubError, IntegrityError
from connectors.kit.files.outgoing import FileTarget, Outgoing
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt
from gateway import outbox, site
from gateway.billing import site_files, slip_files, slip_store
from gateway.billing.boxes import boxes
from gateway.billing.rl24_xml import MARK, certified, render
from gateway.billing.slip_store import File
from gateway.evidence.chain import Entry, append
from gateway.outbox.patience import QUEBEC
from gateway.store import exchanges
from gateway.store.hub import Hub

ROUTE = "rl24-transmission"
CONNECTOR = "revenu_quebec"
KIND = "releves"


@dataclass(frozen=True, slots=True)
class Transmitted:
    """One file at its desk. `answered`: whether the desk's own receipt came; until then `accepted` is 0.

    `refused`: reason → how many slips.
    """

    file: str
    exchange: str
    slips: int
    answered: bool
    accepted: int
    refused: Mapping[str, int]


def transmit(
    hub: Hub, *, year: int, system: str, moment: datetime, organization: str | None = None
) -> tuple[Transmitted, ...]:
    """Hand over every written file of a tax year that `system` does not have, then read what it answered.

    Raises ConfigurationError, and queues nothing, for a file that is not for that desk or is no longer what was
    written; RetryableError or WaitingError as the outbox does: what is queued then waits there.
    """
    installation = _desk(hub, system)
    with hub.transaction() as connection:
        files = slip_store.written(connection, hub.keys, year=year, organization=organization)
        for file in files:
            _fit(installation, file)
        fresh = [file for file in files if _begun(connection, hub, system, file, moment)]
        for file in fresh:
            exchange = _exchange(system, file)
            outbox.put(connection, system, _key(file), exchange=exchange, route=ROUTE, moment=moment)
    with outbox.Courier(hub, SENDERS) as courier:
        for file in fresh:
            courier.bring(system, _key(file), moment=moment)
    _collect(hub, installation, files, moment)
    with hub.transaction() as connection:
        return tuple(_transmitted(_locked(connection, _exchange(system, file)), file) for file in files)


def _desk(hub: Hub, system: str) -> Installation:
    installation = site.installation(hub.settings.site_folder, system)
    if installation.connector != CONNECTOR:
        raise ConfigurationError(
            f"{system}: this system takes no RL-24 slips. Name one of the connector {CONNECTOR}.",
            f"{system} : ce système ne prend pas de relevés 24. Nommez-en un du connecteur {CONNECTOR}.",
        )
    return installation


def _fit(installation: Installation, file: File) -> None:
    """Refuse a file of the other environment before it is queued, where it would keep all others waiting."""
    for_test = installation.options.get("environment", "production") == "test"
    if file.name.startswith(MARK) == for_test:
        return
    raise ConfigurationError(
        f"{file.name}: this file is {'' if for_test else 'not '}certified, and {installation.system} takes"
        f" {'tests' if for_test else 'real files'}. Issue the slips with the official table and certification, or"
        " name another system; nothing was queued.",
        f"{file.name} : ce fichier {'est certifié' if for_test else 'est NON CERTIFIÉ'}, et {installation.system}"
        f" prend {'des essais' if for_test else 'de vrais fichiers'}. Émettez les relevés avec la table et la"
        " certification officielles, ou nommez un autre système ; rien n'est mis en file.",
    )


def _begun(connection: sa.Connection, hub: Hub, system: str, file: File, moment: datetime) -> bool:
    """Begin the exchange of a file, with the digest of what will leave; one that failed begins again.

    Returns whether there is something to send: False when the desk has it.
    """
    exchange = _exchange(system, file)
    state = exchanges.begin(
        connection, exchange, run=f"rl24-{file.year}", route=ROUTE, system=system, direction="out",
        day=moment.astimezone(QUEBEC).date(), moment=moment,
    )  # fmt: skip
    if state not in ("started", "failed"):
        return False
    content = _content(hub, file)
    kept = slip_files.folder(hub.settings.root) / file.name
    if kept.is_file() and kept.read_bytes() != content:
        raise _changed(file.name)
    digest = hashlib.sha256(content).digest()
    counts = {"slips": len(file.slips)}
    exchanges.record(connection, exchange, state="started", counts=counts, digest=digest, moment=moment)
    return True


def _collect(hub: Hub, installation: Installation, files: list[File], moment: datetime) -> None:
    """Ask the desk about each file that it has and did not answer yet."""
    with hub.transaction() as connection:
        states = {file: _locked(connection, _exchange(installation.system, file)).state for file in files}
    sent = [file for file, state in states.items() if state == "sent"]
    if not sent:
        return
    with closing(site.connectors(hub.settings.site_folder).target(installation)) as target:
        if not isinstance(target, FileTarget):
            return  # a site's own connector, of another protocol: its receipt is all that it says
        for file in sent:
            answer = target.fetch_return(_key(file), {f"{_key(file)}.xml": len(file.slips)})
            if answer is not None:
                with hub.transaction() as connection:
                    held = _locked(connection, _exchange(installation.system, file))
                    if held.state == "sent":
                        _record(connection, held, file, answer, moment, answered=True)


class _SlipSender:
    """What the outbox asks about a file of slips."""

    def content(
        self,
        connection: sa.Connection,
        hub: Hub,
        row: sa.Row[Any],
        *,
        moment: datetime,  # noqa: ARG002 - a slip is due whatever the day
    ) -> Delivery:
        """The file, made again from the sealed slips. Raises ConfigurationError when it is not what was queued."""
        held = _locked(connection, row.exchange)
        file = _file(connection, hub, held)
        content = _content(hub, file)
        if hashlib.sha256(content).digest() != held.digest:
            raise _changed(file.name)
        return Delivery(row.key, (), (Outgoing(KIND, content, len(file.slips)),))

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
        """Keep the receipt: the desk's, or that of the deposit under the delivery's own key."""
        held = _locked(connection, row.exchange)
        answered = receipt.number != delivery.key
        _record(connection, held, _file(connection, hub, held), receipt, moment, answered=answered)

    def failed(
        self,
        connection: sa.Connection,
        hub: Hub,  # noqa: ARG002 - the outbox gives it to every route
        row: sa.Row[Any],
        *,
        error: HubError,
        moment: datetime,
    ) -> None:
        """The exchange says what stopped it."""
        exchanges.record(connection, row.exchange, state="failed", failure=error, moment=moment)


SENDERS: Mapping[str, outbox.Sender] = MappingProxyType({ROUTE: _SlipSender()})


def _record(
    connection: sa.Connection,
    held: sa.Row[Any],
    file: File,
    receipt: Receipt,
    moment: datetime,
    *,
    answered: bool,
) -> None:
    """Keep a receipt and write it down, once it accounts for every slip."""
    if receipt.accepted + len(receipt.refused) != len(file.slips):
        raise IntegrityError(
            f"{held.system}/{file.name}: the receipt does not account for every slip. Ask the desk what it has.",
            f"{held.system}/{file.name} : le reçu ne rend pas compte de chaque relevé. Demandez au guichet ce"
            " qu'il a.",
        )
    reasons = dict(sorted(Counter(reason for _, reason in receipt.refused).items()))
    counts = {"answered": answered, "accepted": receipt.accepted if answered else 0, "refused": reasons}
    kept = {
        "number": receipt.number,
        "sha256": hashlib.sha256(receipt.raw).hexdigest(),
        "refused": [list(item) for item in receipt.refused],
    }
    state = "done" if answered else "sent"
    exchanges.record(connection, held.id, state=state, counts=counts, receipt=kept, moment=moment)
    facts = {
        "exchange": held.id, "system": held.system, "file": file.name, "sha256": held.digest.hex(),
        "slips": len(file.slips), "receipt": kept["number"], "receipt_sha256": kept["sha256"], **counts,
    }  # fmt: skip
    kind = "billing.slips-answered" if answered else "billing.slips-deposited"
    append(connection, moment, Entry(kind, None, facts))


def _content(hub: Hub, file: File) -> bytes:
    """The bytes of a file, by the site's table and filer of today."""
    site_folder = hub.settings.site_folder
    filer = site_files.board_filer(site_folder, file.organization)
    table = boxes(file.year, site_folder)
    if certified(table, filer) == file.name.startswith(MARK):
        raise _changed(file.name)
    return render(file.code, file.slips, boxes=table, filer=filer)


def _changed(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name}: made again, the file is not the one that was written. Put the site's table, childcare.yaml and the"
        " file back as they were; nothing of it was sent.",
        f"{name} : refait, le fichier n'est plus celui qui fut écrit. Remettez la table du site, childcare.yaml et"
        " le fichier comme ils étaient ; rien n'en est envoyé.",
    )


def _file(connection: sa.Connection, hub: Hub, held: sa.Row[Any]) -> File:
    return slip_store.file_named(connection, hub.keys, held.id.rpartition("/")[2])


def _key(file: File) -> str:
    """The delivery's key: the file's official name, ``AAPPPPPPSSS``."""
    return file.name.removeprefix(MARK).removesuffix(".xml")


def _exchange(system: str, file: File) -> str:
    return f"rl24-{file.year}/{ROUTE}/{system}/{file.name}"


def _locked(connection: sa.Connection, exchange: str) -> sa.Row[Any]:
    return exchanges.locked(
        connection, exchange, route=ROUTE, english="no such transmission", french="aucune transmission de ce nom"
    )  # fmt: skip


def _transmitted(held: sa.Row[Any], file: File) -> Transmitted:
    counts = held.counts
    return Transmitted(
        file=file.name,
        exchange=held.id,
        slips=len(file.slips),
        answered=counts["answered"],
        accepted=counts["accepted"],
        refused=counts["refused"],
    )
