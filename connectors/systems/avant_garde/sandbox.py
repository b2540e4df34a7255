"""A simulated Avant-garde of one board: a real SOAP server over the daycare of the invented province.

Written from contract/garde.wsdl. Two defects are its own: a record served twice (duplicate-row), a
child under a fiche that GPI does not have (unknown-fiche).
"""

import hmac
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from xml.sax.saxutils import escape

from lxml import etree
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit.province.model import Care, Pupil
from connectors.kit.sandbox_system import SandboxSystem
from connectors.kit.soap_server import WIRE_FAULTS, SoapEndpoint, SoapFaultAnswer

USER = "passerelle"
PAGE_RECORDS = 1000

_CONTRACT = Path(__file__).with_name("contract") / "garde.wsdl"
_NAMESPACE = "urn:passerelle:reference:avant-garde:1"
_ABSENT_FICHE = 5_000_000  # no fiche of the province is as high
_RECORDS = {"contrats": "contrat", "presences": "presence", "paiements": "paiement"}
_RELATIONS = {"father": "2", "mother": "3", "tutor": "4"}
_KINDS = {"class_day": "C", "pedagogical_day": "P", "break_day": "R"}
_STATUSES = {"regular": "R", "sporadic": "S"}
_CHANNELS = {"bank": "B", "counter": "C", "cheque": "Q", "preauthorized": "P"}

_Record = dict[str, str | None]


class Sandbox(SandboxSystem):
    """Answers at ``/garde``; its contract at ``/garde?wsdl``. It keeps nothing: it only tells."""

    known_faults: ClassVar[dict[str, str]] = {
        **WIRE_FAULTS,
        "repeat-token": "gives the token it was asked with as the next one",
    }

    def prepare(self, postgres: str) -> None:
        """Nothing to make: the province is all that it holds."""

    def app(self) -> ASGIApp:
        """The SOAP service."""
        endpoint = SoapEndpoint(
            _CONTRACT,
            {"ListerEnregistrements": self._list},
            users={USER: self.secret("password")},
            faults=self.faults,
        )
        return Starlette(routes=[Route("/garde", endpoint)])

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it needs no database
        """Address of the service, and its user."""
        return {
            "system": self.system,
            "address": f"{base_url}/garde",
            "secrets": {"password": self.secret("password")},
            "options": {"user": USER},
        }

    def _list(self, asked: etree._Element) -> bytes:
        flux = asked.findtext(f"{{{_NAMESPACE}}}flux", "")
        year = asked.findtext(f"{{{_NAMESPACE}}}annee", "")
        token = asked.findtext(f"{{{_NAMESPACE}}}jeton")
        records = self._rendered[flux] if int(year) == self.province.school_year else ()
        start = self._offset(flux, year, token) if token else 0
        following = start + PAGE_RECORDS
        parts = [b'<ListerEnregistrementsReponse xmlns="%b">' % _NAMESPACE.encode()]
        parts.append(b"<total>%d</total>" % len(records))
        repeated = (token or self._token(flux, year, 0)) if "repeat-token" in self.faults else None
        if repeated or following < len(records):
            shown = repeated or self._token(flux, year, following)
            parts.append(b"<jetonSuivant>%b</jetonSuivant>" % shown.encode())
        parts += records[start:following]
        parts.append(b"</ListerEnregistrementsReponse>")
        return b"".join(parts)

    def _token(self, flux: str, year: str, offset: int) -> str:
        """Opaque to a client; says where to go on, and cannot be made up."""
        text = f"{flux}.{year}.{offset}"
        seal = hmac.digest(self.secret("token").encode(), text.encode(), "sha256").hex()[:16]
        return f"{text}.{seal}"

    def _offset(self, flux: str, year: str, token: str) -> int:
        offset = token.split(".")[2] if token.count(".") == 3 else ""
        if not offset.isdecimal() or token != self._token(flux, year, int(offset)):
            raise SoapFaultAnswer("Client", "JETON_INCONNU", "The token is not of this stream and year.")
        return int(offset)

    @cached_property
    def _rendered(self) -> dict[str, tuple[bytes, ...]]:
        """Every record as XML, by stream, in the order of its key."""
        held: dict[str, list[_Record]] = {"contrats": [], "presences": [], "paiements": []}
        twice = self.province.defects_of(self.organization, "duplicate-row")
        for pupil in self.province.board(self.organization).pupils:
            if pupil.care is None:
                continue
            fiche = self._fiche(pupil)
            held["contrats"] += self._contracts(pupil, pupil.care, fiche)
            days = list(_days(pupil.care, fiche))
            held["presences"] += days + (days[:1] if pupil.fiche in twice else [])
            held["paiements"] += _payments(pupil.care, fiche)
        keys = {
            "contrats": ("id_sdg", "annee", "fiche", "payeur"),
            "presences": ("id_sdg", "fiche", "date"),
            "paiements": ("no_recu",),
        }
        return {
            flux: tuple(
                _xml(_RECORDS[flux], record)
                for record in sorted(records, key=lambda item, key=keys[flux]: [item[name] for name in key])  # type: ignore[misc]
            )
            for flux, records in held.items()
        }

    def _fiche(self, pupil: Pupil) -> str:
        unknown = pupil.fiche in self.province.defects_of(self.organization, "unknown-fiche")
        return f"{pupil.fiche + (_ABSENT_FICHE if unknown else 0):07d}"

    def _contracts(self, pupil: Pupil, care: Care, fiche: str) -> Iterator[_Record]:
        for payer, index, share in care.payers:
            guardian = pupil.guardians[index]
            yield {
                "id_sdg": care.daycare,
                "annee": str(self.province.school_year),
                "fiche": fiche,
                "payeur": payer,
                "lien": _RELATIONS[guardian.relation],
                "nom": guardian.family_name,
                "pnom": guardian.given_name,
                "rue": guardian.street,
                "ville": guardian.city,
                "code_post": guardian.postal_code,
                "part": f"{share:.2f}",
                "nas": guardian.social_insurance_number,
            }


def _days(care: Care, fiche: str) -> Iterator[_Record]:
    for item in care.days:
        yield {
            "id_sdg": care.daycare,
            "fiche": fiche,
            "date": item.day.isoformat(),
            "type_jour": _KINDS[item.kind],
            "statut": _STATUSES[care.status],
            "heures_sup": f"{item.extra_hours:.2f}",
            "sortie": "1" if item.outing else "0",
        }


def _payments(care: Care, fiche: str) -> Iterator[_Record]:
    for item in care.payments:
        yield {
            "no_recu": item.number,
            "id_sdg": care.daycare,
            "fiche": fiche,
            "payeur": item.payer,
            "date": item.paid_on.isoformat(),
            "montant": f"{item.amount:.2f}",
            "mode": _CHANNELS[item.channel],
        }


def _xml(element: str, record: _Record) -> bytes:
    """A record; what is not known is left out."""
    fields = "".join(
        f"<{name}>{escape(value)}</{name}>" for name, value in record.items() if value is not None
    )
    return f"<{element}>{fields}</{element}>".encode()
