"""Delivers lots of declarations to Charlemagne (the ministry) over SOAP, and fetches their return files.

What leaves and what comes back is checked by the XSD of the lot's school year, in contract/<year>/:
a site that has the ministry's real files puts them there or names its own folder. Refused: a lot that
breaks its schema, a lot without transactions, a return file that is not about the lot that was asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from lxml import etree

from canonical_model.errors import ConfigurationError, IntegrityError
from connectors.kit import safe_xml
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt, Target
from connectors.kit.soap import SoapClient

WSDL = "charlemagne.wsdl"

State = Literal["accepted", "corrected", "rejected"]
_STATES: Mapping[str, State] = {"ACC": "accepted", "COR": "corrected", "REJ": "rejected"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one transaction. `number`: its NO_TRANS. `field`: the tag at fault, when one is named.

    `correction`: the value that the ministry kept instead; it is about a person, hence not shown.
    """

    number: str
    state: State
    code: str | None
    field: str | None
    correction: "Correction | None"


@dataclass(frozen=True, slots=True)
class Correction:
    """A value about a person, that no `repr` shows."""

    value: str

    def __repr__(self) -> str:
        return "Correction(…)"


@dataclass(frozen=True, slots=True)
class ReturnFile:
    """The ministry's answer to one lot, transaction by transaction, in its order; `raw` as it came."""

    lot: str
    outcomes: tuple[Outcome, ...]
    raw: bytes

    def __repr__(self) -> str:
        return f"ReturnFile({self.lot}, {len(self.outcomes)} outcomes)"


class CharlemagneTarget(Target):
    """`options`: ``user``; ``contract``, a folder that replaces the reference contract (see README.md)."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._folder = Path(installation.options.get("contract", Path(__file__).with_name("contract")))

    def deliver(self, delivery: Delivery) -> Receipt:
        """Hand over a lot; its number is the delivery's key, and the same key gives the same acknowledgement.

        `delivery.content`: ``school_year`` (int), ``organization``, ``code_lists`` (version, text) and
        ``transactions``, each ``{"kind": "T10", "fields": {tag: text}}`` in the contract's order.
        Raises ConfigurationError when the lot breaks declaration.xsd, IntegrityError when the ministry
        acknowledges another number of transactions.
        """
        content = delivery.content
        lot = self._lot(delivery.key, content)
        answer = self._client.call(
            "DeposerLot",
            noLot=delivery.key,
            annee=content["school_year"],
            organisme=content["organization"],
            fichier=lot,
        )
        sent = len(content["transactions"])
        if answer.nombre != sent:
            raise IntegrityError(
                f"{self.installation.system}/{delivery.key}: {sent} transactions were sent and"
                f" {answer.nombre} acknowledged. Ask the ministry before anything else is sent.",
                f"{self.installation.system}/{delivery.key} : {sent} transactions envoyées,"
                f" {answer.nombre} accusées. Demandez au ministère avant tout autre envoi.",
            )
        raw = f"{answer.noAccuse} {answer.nombre}".encode()
        return Receipt(str(answer.noAccuse), sent, (), raw)

    def fetch_return(self, lot: str) -> ReturnFile | None:
        """The return file of a lot, or None while the ministry has it in hand."""
        answer = self._client.call("ObtenirRetour", noLot=lot)
        if answer.etat == "EN_TRAITEMENT":
            return None
        raw = bytes(answer.fichier or b"")
        try:
            root = safe_xml.parse(raw)
        except safe_xml.UnsafeXmlError as error:
            raise self._wrong_return(lot, "RETOUR", error.reason) from error
        name = {"t": etree.QName(root).namespace or ""}
        self._check(root, root.findtext("t:ENTETE/t:ANNEE", "", name), lot)
        outcomes = tuple(_outcome(found, name) for found in root.iterfind("t:REP", name))
        announced = root.findtext("t:ENTETE/t:NB_TRANS", "", name)
        if root.findtext("t:ENTETE/t:NO_LOT", "", name) != lot or announced != str(len(outcomes)):
            raise IntegrityError(
                f"{self.installation.system}/{lot}: the return file is about another lot, or was cut."
                " Ask the ministry for it again.",
                f"{self.installation.system}/{lot} : le fichier de retour est celui d'un autre lot, ou a été"
                " coupé. Redemandez-le au ministère.",
            )
        return ReturnFile(lot, outcomes, raw)

    def close(self) -> None:
        """Let go of the connection."""
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> SoapClient:
        return SoapClient(self.installation, self._folder / WSDL)

    def _lot(self, key: str, content: Mapping[str, Any]) -> bytes:
        """The LOT document, which its schema accepts."""
        path = self._contract_file("declaration", str(content["school_year"]))
        checked, namespace = safe_xml.schema(path), safe_xml.target_namespace(path)
        root = _lot_element(key, content, namespace)
        for name, rule in safe_xml.violations(checked, root):
            raise ConfigurationError(
                f"{self.installation.system}/declaration.xsd/{name}: the lot breaks the contract ({rule})."
                " Correct the table of the ministry's fields, or the contract.",
                f"{self.installation.system}/declaration.xsd/{name} : le lot ne suit pas le contrat ({rule})."
                " Corrigez la table des champs du ministère, ou le contrat.",
            )
        return etree.tostring(root, xml_declaration=True, encoding="utf-8")

    def _check(self, root: etree._Element, year: str, lot: str) -> None:
        if not year.isdecimal():
            raise self._wrong_return(lot, "ANNEE", "absent")
        checked = safe_xml.schema(self._contract_file("retour", year))
        for name, rule in safe_xml.violations(checked, root):
            raise self._wrong_return(lot, name, rule)

    def _contract_file(self, name: str, year: str) -> Path:
        path = self._folder / year / f"{name}.xsd"
        if not path.is_file():
            raise ConfigurationError(
                f"{self.installation.system}/{year}/{name}.xsd: the contract of that school year is absent."
                " Add the ministry's files of the year.",
                f"{self.installation.system}/{year}/{name}.xsd : le contrat de cette année scolaire manque."
                " Ajoutez les fichiers du ministère pour l'année.",
            )
        return path

    def _wrong_return(self, lot: str, name: str, rule: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self.installation.system}/{lot}/{name}: the return file breaks the contract ({rule})."
            " Compare retour.xsd with the ministry's version.",
            f"{self.installation.system}/{lot}/{name} : le fichier de retour ne suit pas le contrat ({rule})."
            " Comparez retour.xsd avec la version du ministère.",
        )


def _lot_element(key: str, content: Mapping[str, Any], namespace: str) -> etree._Element:
    transactions: Sequence[Mapping[str, Any]] = content["transactions"]
    head = {
        "NO_LOT": key,
        "ANNEE": str(content["school_year"]),
        "VERS_DOM": content["code_lists"],
        "ORGNS": content["organization"],
        "NB_TRANS": str(len(transactions)),
    }
    root = etree.Element(f"{{{namespace}}}LOT")
    for name, fields in (("ENTETE", head), *((item["kind"], item["fields"]) for item in transactions)):
        made = etree.SubElement(root, f"{{{namespace}}}{name}")
        for tag, text in fields.items():
            etree.SubElement(made, f"{{{namespace}}}{tag}").text = text
    return root


def _outcome(found: etree._Element, name: Mapping[str, str]) -> Outcome:
    correction = found.findtext("t:VAL_COR", None, name)
    return Outcome(
        number=found.findtext("t:NO_TRANS", "", name),
        state=_STATES[found.findtext("t:ETAT", "", name)],
        code=found.findtext("t:CD_ERR", None, name),
        field=found.findtext("t:CHAMP", None, name),
        correction=None if correction is None else Correction(correction),
    )
