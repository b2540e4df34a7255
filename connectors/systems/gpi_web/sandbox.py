"""A simulated board's GPI web service: rpc over SOAP 1.2, on the pupils of the invented province.

Written from contract/gpi_web.wsdl. It tells the truth of its board; what is planted in GPI's tables is not here.
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

from connectors.kit.faults import known
from connectors.kit.province.model import Pupil
from connectors.kit.sandbox_system import SandboxSystem
from connectors.kit.soap_server import ANSWER_FAULTS, WIRE_FAULTS, SoapEndpoint, SoapFaultAnswer

USER = "passerelle"

_CONTRACT = Path(__file__).with_name("contract") / "gpi_web.wsdl"
_NAMESPACE = "urn:passerelle:reference:gpi-web:1"
_LEVELS = {"PRESCHOOL": "M", "PRIMARY": "P", "SECONDARY": "S"}
_Record = dict[str, str | None]


class Sandbox(SandboxSystem):
    """Answers at ``/gpi``; its contract at ``/gpi?wsdl``. It keeps nothing: it only tells."""

    demonstrated: ClassVar[bool] = False  # the demonstration's boards open their database, which is gpi
    known_faults: ClassVar[dict[str, str]] = {
        **WIRE_FAULTS,
        **ANSWER_FAULTS,
        **known("mutate", "repeat-token"),
        "wrong-secret": "the account's password was changed",
    }

    def prepare(self, postgres: str) -> None:
        """Nothing to make: the province is all that it holds."""

    def app(self) -> ASGIApp:
        """The SOAP service."""
        password = self.secret("changed" if "wrong-secret" in self.faults else "password")
        endpoint = SoapEndpoint(
            _CONTRACT, {"ListerEnregistrements": self._list}, users={USER: password}, faults=self.faults
        )
        return Starlette(routes=[Route("/gpi", endpoint)])

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it needs no database
        """Address of the service, and its user, who signs in by digest."""
        return {
            "system": self.system,
            "address": f"{base_url}/gpi",
            "secrets": {"password": self.secret("password")},
            "options": {"user": USER, "password_type": "digest"},
        }

    def _list(self, asked: etree._Element) -> bytes:
        flux, year, size, token = (asked.findtext(name, "") for name in ("flux", "annee", "taille", "jeton"))
        records = self._rendered[flux] if int(year) == self.province.school_year else ()
        start = self._offset(flux, year, token) if token else 0
        following = start + int(size)
        total = len(records) + ("mutate" in self.faults and start > 0)
        parts = [f'<g:ListerEnregistrementsResponse xmlns:g="{_NAMESPACE}"><page><g:total>{total}</g:total>']
        repeated = (token or self._token(flux, year, 0)) if "repeat-token" in self.faults else ""
        if repeated or following < len(records):
            shown = repeated or self._token(flux, year, following)
            parts.append(f"<g:jetonSuivant>{shown}</g:jetonSuivant>")
        parts += records[start:following]
        parts.append("</page></g:ListerEnregistrementsResponse>")
        return "".join(parts).encode()

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
    def _rendered(self) -> dict[str, tuple[str, ...]]:
        """Every record as XML, by stream, in the order of its key."""
        pupils = sorted(self.province.board(self.organization).pupils, key=lambda pupil: pupil.fiche)
        year = str(self.province.school_year)
        return {
            "eleves": tuple(_xml("eleve", _pupil(pupil)) for pupil in pupils),
            "inscriptions": tuple(_xml("inscription", _enrolment(pupil, year)) for pupil in pupils),
            "resultats": tuple(_xml("resultat", record) for record in _marks(pupils, year)),
        }


def _pupil(pupil: Pupil) -> _Record:
    return {
        "fiche": f"{pupil.fiche:07d}",
        "nom": pupil.family_name,
        "prenom": pupil.given_name,
        "codePermanent": pupil.code_permanent,
        "dateNaissance": pupil.birth_date.isoformat(),
        "sexe": pupil.sex,
    }


def _enrolment(pupil: Pupil, year: str) -> _Record:
    return {
        "fiche": f"{pupil.fiche:07d}",
        "ecole": pupil.school.official,
        "annee": year,
        "niveau": _LEVELS[pupil.level.rstrip("0123456789")] + pupil.level[-1],
        "groupe": pupil.home_group,
        "dateDebut": pupil.enrolled_on.isoformat(),
        "dateFin": pupil.left_on.isoformat() if pupil.left_on else None,
    }


def _marks(pupils: list[Pupil], year: str) -> Iterator[_Record]:
    number = 100_000
    for pupil in pupils:
        for mark in pupil.marks:
            for step, note in sorted(mark.steps.items()):
                number += 1
                yield {
                    "noResultat": str(number),
                    "fiche": f"{pupil.fiche:07d}",
                    "ecole": pupil.school.official,
                    "annee": year,
                    "cours": mark.course,
                    "titre": mark.title,
                    "groupe": mark.group,
                    "etape": str(step),
                    "note": note,
                    "unites": None if mark.units is None else str(mark.units),
                }


def _xml(element: str, record: _Record) -> str:
    """A record; what is not known is left out."""
    fields = "".join(
        f"<g:{name}>{escape(value)}</g:{name}>" for name, value in record.items() if value is not None
    )
    return f"<g:{element}>{fields}</g:{element}>"
