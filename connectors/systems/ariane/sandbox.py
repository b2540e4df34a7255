"""A simulated Ariane: the register of the invented province's codes permanents, over signed SOAP 1.2.

Written from contract/. It knows every pupil of every board, and it remembers in SQLite what it attributed,
corrected and acknowledged. Unsigned or wrongly signed messages are refused.
"""

import hashlib
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from xml.sax.saxutils import escape

from lxml import etree
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit.sandbox_system import SandboxSystem
from connectors.kit.soap_server import WIRE_FAULTS, Guard, SoapEndpoint, SoapFaultAnswer, pairs
from connectors.kit.soap_server.pairs import Pair

MOST_FOUND = 10
MOST_NOTICES = 500

_CONTRACT = Path(__file__).with_name("contract") / "ariane.wsdl"
_NAMESPACE = "urn:passerelle:reference:ariane:1"
_FIELDS = ("nom", "prenom", "dateNaissance", "sexe")
_PROOFS = frozenset({"ACTE_NAISSANCE", "CITOYENNETE", "RESIDENT_PERMANENT", "DECLARATION_ASSERMENTEE"})
_TABLES = """
create table if not exists dossier (
    code text primary key, nom text not null, prenom text not null, naissance text not null, sexe text not null,
    empreinte text not null, remplace_par text);
create index if not exists dossier_naissance on dossier (naissance);
create table if not exists lot (numero text primary key, empreinte text not null, accuse text not null unique);
create table if not exists reponse (
    lot text not null, rang integer not null, numero text not null, etat text not null, code text, erreur text,
    primary key (lot, rang));
create table if not exists avis (numero integer primary key, ancien text not null, nouveau text not null);
"""


@dataclass(frozen=True, slots=True)
class _Identity:
    """An identity as asked; compared without accents, case, spaces or hyphens."""

    nom: str
    prenom: str
    naissance: str
    sexe: str

    @property
    def print(self) -> str:
        return "|".join((_plain(self.nom), _plain(self.prenom), self.naissance, self.sexe))


class Sandbox(SandboxSystem):
    """Answers at ``/ariane``; its contract at ``/ariane?wsdl``. The ministry gives the hub its key."""

    per_board: ClassVar[bool] = False
    organizations: ClassVar[tuple[str, ...]] = ("000001",)  # our placeholder: the ministry has no public code
    demonstrated: ClassVar[bool] = False
    known_faults: ClassVar[dict[str, str]] = {
        **WIRE_FAULTS,
        "never-ready": "keeps every lot in hand",
        "short-return": "leaves the last request of a lot out of the answers",
        "wrong-secret": "knows another certificate of the hub",
    }

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it keeps its own file
        """Keys, tables and the register; what was attributed before stays."""
        for name in ("ariane", "passerelle", "autre"):
            pairs.kept(self.folder, name)
        with self._database() as database:
            database.executescript(_TABLES)
            database.executemany(
                "insert or ignore into dossier values (?, ?, ?, ?, ?, ?, null)", self._register()
            )

    def app(self) -> ASGIApp:
        """The SOAP service."""
        known = self._pair("autre" if "wrong-secret" in self.faults else "passerelle")
        endpoint = SoapEndpoint(
            _CONTRACT,
            {
                "RechercherIdentite": self._search,
                "ConfirmerIdentite": self._confirm,
                "DeposerDemandes": self._deposit,
                "ObtenirReponses": self._answers,
                "ListerRemplacements": self._notices,
            },
            guard=Guard(signing=self._pair("ariane").trusting(known)),
            faults=self.faults,
        )
        return Starlette(routes=[Route("/ariane", endpoint)])

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it needs no database
        """Address of the service, the hub's key, and the certificates of both."""
        return {
            "system": self.system,
            "address": f"{base_url}/ariane",
            "secrets": {"private_key": self._pair("passerelle").key.decode()},
            "options": {
                "certificate": str(self.folder.resolve() / "passerelle.pem"),
                "partner_certificate": str(self.folder.resolve() / "ariane.pem"),
            },
        }

    def _search(self, asked: etree._Element) -> bytes:
        wanted = _identity(asked)
        with self._database() as database:
            near = database.execute(
                "select code, nom, prenom, naissance, sexe, empreinte from dossier"
                " where naissance = ? and remplace_par is null order by code",
                (wanted.naissance,),
            ).fetchall()
        names = {_plain(wanted.nom), _plain(wanted.prenom)}
        found = [(row, row[5] == wanted.print) for row in near if names & {_plain(row[1]), _plain(row[2])}]
        found.sort(key=lambda item: (not item[1], item[0][0]))
        records = "".join(
            f"<dossier><codePermanent>{row[0]}</codePermanent>"
            f"<concordance>{'EXACTE' if exact else 'PARTIELLE'}</concordance><identite><nom>{escape(row[1])}</nom>"
            f"<prenom>{escape(row[2])}</prenom><dateNaissance>{row[3]}</dateNaissance><sexe>{row[4]}</sexe>"
            "</identite></dossier>"
            for row, exact in found[:MOST_FOUND]
        )
        more = "true" if len(found) > MOST_FOUND else "false"
        return _answer("RechercherIdentiteReponse", f"<incomplet>{more}</incomplet>{records}")

    def _confirm(self, asked: etree._Element) -> bytes:
        wanted, code = _identity(asked), _text(asked, "codePermanent")
        with self._database() as database:
            held = _dossier(database, code)
        if held is None:
            return _answer("ConfirmerIdentiteReponse", "<etat>INCONNU</etat>")
        if held[4] is not None:
            said = f"<etat>REMPLACE</etat><codePermanentNouveau>{held[4]}</codePermanentNouveau>"
            return _answer("ConfirmerIdentiteReponse", said)
        told = (wanted.nom, wanted.prenom, wanted.naissance, wanted.sexe)
        other = [
            name
            for name, one, two in zip(_FIELDS, held, told, strict=False)
            if _plain(one or "") != _plain(two)
        ]
        fields = "".join(f"<champ>{name}</champ>" for name in other)
        state = "DIFFERENT" if other else "CONFIRME"
        return _answer("ConfirmerIdentiteReponse", f"<etat>{state}</etat>{fields}")

    def _deposit(self, asked: etree._Element) -> bytes:
        lot, kind = _text(asked, "noLot"), _text(asked, "genre")
        digest = hashlib.sha256(etree.tostring(asked, method="c14n", exclusive=True)).hexdigest()
        requests = asked.findall(f"{{{_NAMESPACE}}}demande")
        with self._database() as database:
            database.execute("begin immediate")  # two deposits of one lot wait for each other
            known = database.execute("select empreinte, accuse from lot where numero = ?", (lot,)).fetchone()
            if known and known[0] != digest:
                raise SoapFaultAnswer("Client", "LOT_DIFFERENT", "Deposited before with another content.")
            if not known:
                number = database.execute("select count(*) + 1 from lot").fetchone()[0]
                known = (digest, f"AC-{number:08d}")
                database.execute("insert into lot values (?, ?, ?)", (lot, *known))
                for rank, request in enumerate(requests):
                    told = _judged(database, kind, request)
                    database.execute(
                        "insert into reponse values (?, ?, ?, ?, ?, ?)",
                        (lot, rank, _text(request, "noDemande"), *told),
                    )
        said = f"<noAccuse>{known[1]}</noAccuse><nombre>{len(requests)}</nombre>"
        return _answer("DeposerDemandesReponse", said)

    def _answers(self, asked: etree._Element) -> bytes:
        lot = _text(asked, "noLot")
        with self._database() as database:
            if not database.execute("select 1 from lot where numero = ?", (lot,)).fetchone():
                raise SoapFaultAnswer("Client", "LOT_INCONNU", "No such lot.")
            found = database.execute(
                "select numero, etat, code, erreur from reponse where lot = ? order by rang", (lot,)
            ).fetchall()
        if "never-ready" in self.faults:
            return _answer("ObtenirReponsesReponse", "<etat>EN_TRAITEMENT</etat>")
        if "short-return" in self.faults:
            found.pop()
        replies = "".join(
            f"<reponse><noDemande>{number}</noDemande><etat>{state}</etat>"
            + (f"<codePermanent>{code}</codePermanent>" if code else "")
            + (f"<codeErreur>{error}</codeErreur>" if error else "")
            + "</reponse>"
            for number, state, code, error in found
        )
        return _answer("ObtenirReponsesReponse", f"<etat>TRAITE</etat>{replies}")

    def _notices(self, asked: etree._Element) -> bytes:
        with self._database() as database:
            found = database.execute(
                "select numero, ancien, nouveau from avis where numero > ? order by numero limit ?",
                (int(_text(asked, "apres")), MOST_NOTICES),
            ).fetchall()
        notices = "".join(
            f"<avis><noAvis>{number}</noAvis><codePermanent>{old}</codePermanent>"
            f"<codePermanentNouveau>{new}</codePermanentNouveau></avis>"
            for number, old, new in found
        )
        return _answer("ListerRemplacementsReponse", notices)

    def _register(self) -> Iterator[tuple[str, ...]]:
        for board in self.province.boards:
            for pupil in board.pupils:
                if pupil.code_permanent is not None:
                    held = _Identity(
                        pupil.family_name, pupil.given_name, pupil.birth_date.isoformat(), pupil.sex
                    )
                    yield pupil.code_permanent, held.nom, held.prenom, held.naissance, held.sexe, held.print

    def _pair(self, name: str) -> Pair:
        return pairs.kept(self.folder, name)

    def _database(self) -> AbstractContextManager[sqlite3.Connection]:
        return _opened(self.folder / "ariane.sqlite3")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that commits at the end of its block, or rolls back, and is closed."""
    with closing(sqlite3.connect(path, timeout=10)) as connection, connection:
        yield connection


def _judged(
    database: sqlite3.Connection, kind: str, request: etree._Element
) -> tuple[str, str | None, str | None]:
    """State, code and error of one request, done at once in the register."""
    wanted, code = _identity(request), request.findtext(f"{{{_NAMESPACE}}}codePermanent")
    if _text(request, "piece") not in _PROOFS:
        return "REFUSE", None, "PIECE_INCONNUE"
    if kind == "ATTRIBUTION":
        return _attributed(database, wanted) if code is None else ("REFUSE", None, "CODE_NON_ATTENDU")
    if code is None:
        return "REFUSE", None, "CODE_ABSENT"
    held = _dossier(database, code)
    if held is None or held[4] is not None:
        return "REFUSE", None, "CODE_INCONNU"
    return _corrected(database, code, (held[2], held[3]), wanted)


def _attributed(database: sqlite3.Connection, wanted: _Identity) -> tuple[str, str | None, str | None]:
    same = database.execute(
        "select code from dossier where empreinte = ? and remplace_par is null order by code", (wanted.print,)
    ).fetchall()
    if len(same) > 1:
        return "A_VERIFIER", None, "PLUSIEURS_DOSSIERS"
    if same:
        return "EXISTANT", same[0][0], None
    return "ATTRIBUE", _inscribed(database, wanted), None


def _corrected(
    database: sqlite3.Connection, code: str, before: tuple[str, str], wanted: _Identity
) -> tuple[str, str | None, str | None]:
    """A change of birth date or sex gives another code: in our contract, the code tells them."""
    if before == (wanted.naissance, wanted.sexe):
        database.execute(
            "update dossier set nom = ?, prenom = ?, empreinte = ? where code = ?",
            (wanted.nom, wanted.prenom, wanted.print, code),
        )
        return "CORRIGE", code, None
    new = _inscribed(database, wanted)
    database.execute("update dossier set remplace_par = ? where code = ?", (new, code))
    database.execute("insert into avis (ancien, nouveau) values (?, ?)", (code, new))
    return "CORRIGE", new, None


def _inscribed(database: sqlite3.Connection, wanted: _Identity) -> str:
    """A free code of that identity, now in the register. The last two characters only count here."""
    year, month, day = (int(part) for part in wanted.naissance.split("-"))
    letters = (_plain(wanted.nom).upper() + "XXX")[:3] + (_plain(wanted.prenom).upper() + "X")[:1]
    day, month = day + (62 if year >= 2000 else 0), month + (50 if wanted.sexe == "F" else 0)
    stem = f"{letters}{day:02d}{month:02d}{year % 100:02d}"
    taken = {row[0] for row in database.execute("select code from dossier where code like ?", (f"{stem}%",))}
    code = next(found for found in (f"{stem}{number:02d}" for number in range(100)) if found not in taken)
    database.execute(
        "insert into dossier values (?, ?, ?, ?, ?, ?, null)",
        (code, wanted.nom, wanted.prenom, wanted.naissance, wanted.sexe, wanted.print),
    )
    return code


def _dossier(database: sqlite3.Connection, code: str) -> tuple[str, str, str, str, str | None] | None:
    found: tuple[str, str, str, str, str | None] | None = database.execute(
        "select nom, prenom, naissance, sexe, remplace_par from dossier where code = ?", (code,)
    ).fetchone()
    return found


def _identity(asked: etree._Element) -> _Identity:
    found = asked.find(f"{{{_NAMESPACE}}}identite")
    assert found is not None  # the schema says so
    return _Identity(*(_text(found, name) for name in _FIELDS))


def _text(asked: etree._Element, name: str) -> str:
    return asked.findtext(f"{{{_NAMESPACE}}}{name}", "")


def _plain(text: str) -> str:
    """Letters and digits only, without accents or case."""
    return "".join(c for c in unicodedata.normalize("NFD", text).casefold() if c.isalnum() and ord(c) < 128)


def _answer(element: str, inner: str) -> bytes:
    return f'<{element} xmlns="{_NAMESPACE}">{inner}</{element}>'.encode()
