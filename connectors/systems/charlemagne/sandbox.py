"""A simulated Charlemagne: receives lots over SOAP, and gives each a return file a few seconds later.

Written from contract/. It holds its own register of pupils, made of the province with two planted
differences: another birth date (ministry-rejects), a code permanent that was replaced
(ministry-corrects). It remembers in SQLite: the same lot gives the same acknowledgement for ever.
"""

import base64
import hashlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from xml.sax.saxutils import escape

from lxml import etree
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit import safe_xml
from connectors.kit.sandbox_system import SandboxSystem
from connectors.kit.soap_server import WIRE_FAULTS, SoapEndpoint, SoapFaultAnswer

USER = "passerelle"
RETURN_SECONDS = 3.0  # between a lot and its return file

_CONTRACT = Path(__file__).with_name("contract")
_SERVICE = "urn:passerelle:reference:charlemagne:1"
_TABLES = """
create table if not exists lot (
    number text primary key, digest text not null, acknowledgement text not null unique,
    transactions integer not null, received_at real not null, answer blob not null);
create table if not exists declaration (
    created_by text primary key, year text, organization text, school text, code_permanent text,
    unique (year, organization, school, code_permanent));
"""


@dataclass(frozen=True, slots=True)
class _Registered:
    """What the ministry knows by a code permanent. `replaced_by`: the code that holds now, if another."""

    birth_date: str
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The answer to one transaction: ACC, COR or REJ, with code, tag and kept value."""

    state: str
    code: str | None = None
    field: str | None = None
    value: str | None = None


class Sandbox(SandboxSystem):
    """Answers at ``/charlemagne``; its contract at ``/charlemagne?wsdl``."""

    per_board: ClassVar[bool] = False
    organizations: ClassVar[tuple[str, ...]] = ("000001",)  # our placeholder: the ministry has no public code
    known_faults: ClassVar[dict[str, str]] = {
        **WIRE_FAULTS,
        "never-ready": "keeps every lot in hand",
        "short-return": "leaves the last transaction out of the return file",
    }

    return_seconds: float = RETURN_SECONDS

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it keeps its own file
        """The tables of what it remembers."""
        with self._database() as database:
            database.executescript(_TABLES)

    def app(self) -> ASGIApp:
        """The SOAP service."""
        endpoint = SoapEndpoint(
            _CONTRACT / "charlemagne.wsdl",
            {"DeposerLot": self._deposit, "ObtenirRetour": self._return},
            users={USER: self.secret("password")},
            faults=self.faults,
        )
        return Starlette(routes=[Route("/charlemagne", endpoint)])

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it needs no database
        """Address of the service, and its user."""
        return {
            "system": self.system,
            "address": f"{base_url}/charlemagne",
            "secrets": {"password": self.secret("password")},
            "options": {"user": USER},
        }

    def _deposit(self, asked: etree._Element) -> bytes:
        number, year, organization, file = (
            asked.findtext(f"{{{_SERVICE}}}{name}", "") for name in ("noLot", "annee", "organisme", "fichier")
        )
        content = base64.b64decode(file)
        digest = hashlib.sha256(content).hexdigest()
        with self._database() as database:
            database.execute("begin immediate")  # two deposits of one lot wait for each other
            known = database.execute(
                "select digest, acknowledgement, transactions from lot where number = ?", (number,)
            ).fetchone()
            if known and known[0] != digest:
                raise SoapFaultAnswer("Client", "LOT_DIFFERENT", "Deposited before with another content.")
            if not known:
                lot = _checked_lot(content, number, year, organization)
                known = self._received(database, number, year, lot, digest)
        return (
            f'<DeposerLotReponse xmlns="{_SERVICE}"><noAccuse>{known[1]}</noAccuse>'
            f"<nombre>{known[2]}</nombre></DeposerLotReponse>"
        ).encode()

    def _received(
        self, database: sqlite3.Connection, number: str, year: str, lot: etree._Element, digest: str
    ) -> tuple[str, str, int]:
        verdicts = [
            (found.findtext("{*}NO_TRANS", ""), self._judged(database, number, year, found))
            for found in lot
            if etree.QName(found).localname != "ENTETE"
        ]
        shown = verdicts[:-1] if "short-return" in self.faults else verdicts
        acknowledgement = f"AR-{year}-{database.execute('select count(*) from lot').fetchone()[0] + 1:06d}"
        database.execute(
            "insert into lot values (?, ?, ?, ?, ?, ?)",
            (number, digest, acknowledgement, len(verdicts), time.time(), _return_file(number, year, shown)),
        )
        return digest, acknowledgement, len(verdicts)

    def _judged(self, database: sqlite3.Connection, lot: str, year: str, found: etree._Element) -> _Verdict:
        """The ministry's own check of one declaration; an accepted one is remembered."""
        said = {etree.QName(field).localname: field.text or "" for field in found}
        registered = self._register.get(said["CD_PERM"])
        if said["ECOLE"] not in self._schools:
            return _Verdict("REJ", "E105", "ECOLE")
        if registered is None:
            return _Verdict("REJ", "E101", "CD_PERM")
        if registered.birth_date != said["DT_NAISS"]:
            return _Verdict("REJ", "E102", "DT_NAISS")
        kept = registered.replaced_by or said["CD_PERM"]
        if refused := _remembered(database, lot, etree.QName(found).localname, said, (year, kept)):
            return refused
        return _Verdict("COR", "C201", "CD_PERM", kept) if registered.replaced_by else _Verdict("ACC")

    def _return(self, asked: etree._Element) -> bytes:
        number = asked.findtext(f"{{{_SERVICE}}}noLot", "")
        with self._database() as database:
            held = database.execute(
                "select received_at, answer from lot where number = ?", (number,)
            ).fetchone()
        if held is None:
            raise SoapFaultAnswer("Client", "LOT_INCONNU", "No such lot.")
        if "never-ready" in self.faults or time.time() < held[0] + self.return_seconds:
            state = "<etat>EN_TRAITEMENT</etat>"
        else:
            state = f"<etat>PRET</etat><fichier>{base64.b64encode(held[1]).decode()}</fichier>"
        return f'<ObtenirRetourReponse xmlns="{_SERVICE}">{state}</ObtenirRetourReponse>'.encode()

    @cached_property
    def _schools(self) -> frozenset[str]:
        return frozenset(school.official for board in self.province.boards for school in board.schools)

    @cached_property
    def _register(self) -> Mapping[str, _Registered]:
        """The ministry's pupils by code permanent, a replaced code and its successor both."""
        found: dict[str, _Registered] = {}
        for board in self.province.boards:
            another_date = self.province.defects_of(board.code, "ministry-rejects")
            replaced = self.province.defects_of(board.code, "ministry-corrects")
            for pupil in board.pupils:
                if pupil.code_permanent is None:
                    continue
                shift = timedelta(days=1 if pupil.fiche in another_date else 0)
                born = (pupil.birth_date + shift).isoformat()
                successor = _successor(pupil.code_permanent) if pupil.fiche in replaced else None
                found[pupil.code_permanent] = _Registered(born, successor)
                if successor:
                    found.setdefault(successor, _Registered(born, None))
        return found

    def _database(self) -> "_Closing":
        return _Closing(self.folder / "charlemagne.sqlite")


class _Closing:
    """A SQLite connection for one answer: committed when all went well, closed in any case."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None)

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, kind: object, *_: object) -> None:
        with closing(self._connection):
            if self._connection.in_transaction:
                self._connection.execute("rollback" if kind else "commit")


def _remembered(
    database: sqlite3.Connection, lot: str, kind: str, said: Mapping[str, str], known: tuple[str, str]
) -> _Verdict | None:
    """Write an accepted declaration down (`known`: school year, code permanent kept), or say why not."""
    year, kept = known
    declared = (said["ECOLE"], kept)
    try:
        if kind == "T10":
            row = (f"{lot}-{said['NO_TRANS']}", year, said["ORGNS"], *declared)
            database.execute("insert into declaration values (?, ?, ?, ?, ?)", row)
            return None
        changed = database.execute(
            "update declaration set school = ?, code_permanent = ?"
            " where (created_by, year, organization) = (?, ?, ?)",
            (*declared, said["REF_DECL"], year, said["ORGNS"]),
        )
    except sqlite3.IntegrityError:
        return _Verdict("REJ", "E103")
    return None if changed.rowcount else _Verdict("REJ", "E104", "REF_DECL")


def _checked_lot(content: bytes, number: str, year: str, organization: str) -> etree._Element:
    folder = _CONTRACT / year
    if not folder.is_dir():
        raise SoapFaultAnswer("Client", "ANNEE_INCONNUE", "No declaration is taken for that school year.")
    try:
        lot = safe_xml.parse(content)
    except safe_xml.UnsafeXmlError as error:
        raise SoapFaultAnswer("Client", "LOT_INVALIDE", f"Refused: {error.reason}.") from error
    for name, rule in safe_xml.violations(safe_xml.schema(folder / "declaration.xsd"), lot):
        raise SoapFaultAnswer("Client", "LOT_INVALIDE", f"{name}: {rule}.")
    head = [lot.findtext(f"{{*}}ENTETE/{{*}}{name}") for name in ("NO_LOT", "ANNEE", "ORGNS", "NB_TRANS")]
    if head != [number, year, organization, str(len(lot) - 1)]:
        raise SoapFaultAnswer("Client", "LOT_INVALIDE", "ENTETE does not repeat the call, or miscounts.")
    return lot


def _return_file(number: str, year: str, verdicts: list[tuple[str, _Verdict]]) -> bytes:
    def lines() -> Iterator[str]:
        yield '<?xml version="1.0" encoding="utf-8"?>'
        yield f'<RETOUR xmlns="urn:passerelle:reference:charlemagne:{year}">'
        yield f"<ENTETE><NO_LOT>{number}</NO_LOT><ANNEE>{year}</ANNEE>"
        yield f"<NB_TRANS>{len(verdicts)}</NB_TRANS></ENTETE>"
        for transaction, verdict in verdicts:
            said = {
                "NO_TRANS": transaction,
                "ETAT": verdict.state,
                "CD_ERR": verdict.code,
                "CHAMP": verdict.field,
                "VAL_COR": verdict.value,
            }
            fields = (f"<{tag}>{escape(text)}</{tag}>" for tag, text in said.items() if text is not None)
            yield f"<REP>{''.join(fields)}</REP>"
        yield "</RETOUR>"

    return "".join(lines()).encode()


def _successor(code: str) -> str:
    """Another code permanent of the same letters and date: the two characters of the ministry differ."""
    return f"{code[:10]}{(int(code[10:]) + 37) % 100:02d}"
