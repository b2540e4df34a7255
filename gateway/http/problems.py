"""Errors as application/problem+json (RFC 9457): a stable type, French and English, and never a person.

A refusal says nothing of whether the person exists, nor why: the reason is the hub's, kept in
evidence under the reference that the answer carries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:passerelle:problem:"


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of error: its status, and the words for people."""

    status: int
    title_fr: str
    title_en: str
    detail_fr: str
    detail_en: str


PROBLEMS: Mapping[str, Problem] = MappingProxyType(
    {
        "refused": Problem(
            403,
            "Communication refusée",
            "Release refused",
            "Aucune décision ne permet cette communication. Si elle devrait l'être, donnez la référence"
            " à l'organisme qui détient le dossier.",
            "No decision permits this release. If one should, give the reference to the body that holds"
            " the dossier.",
        ),
        "token-required": Problem(
            401,
            "Jeton requis",
            "Token required",
            "Demandez un jeton à /oauth/token, puis envoyez-le dans l'en-tête Authorization.",
            "Ask /oauth/token for a token, then send it in the Authorization header.",
        ),
        "token-invalid": Problem(
            401,
            "Jeton refusé",
            "Token refused",
            "Le jeton est échu, destiné à un autre service, ou n'est pas de cette passerelle."
            " Demandez-en un autre.",
            "The token has expired, is meant for another service, or is not this gateway's. Ask for another.",
        ),
        "scope-insufficient": Problem(
            403,
            "Portée insuffisante",
            "Insufficient scope",
            "Le jeton ne porte pas la portée de cette section. Demandez-la, si elle vous est accordée.",
            "The token does not carry this section's scope. Ask for it, if it is granted to you.",
        ),
        "purpose-required": Problem(
            400,
            "Finalité requise",
            "Purpose required",
            "L'en-tête Passerelle-Purpose doit dire la finalité, une seule.",
            "The header Passerelle-Purpose must say the purpose, one only.",
        ),
        "purpose-unknown": Problem(
            400,
            "Finalité inconnue",
            "Unknown purpose",
            "Cette finalité n'est pas de la liste release_purpose.",
            "This purpose is not in the list release_purpose.",
        ),
        "section-unknown": Problem(
            404,
            "Section inconnue",
            "Unknown section",
            "Le dossier n'a pas de section communicable de ce nom.",
            "The dossier has no section of that name that can be released.",
        ),
        "request-invalid": Problem(
            400,
            "Requête invalide",
            "Invalid request",
            "La requête n'est pas celle du contrat : voyez /openapi.json.",
            "The request is not what the contract says: see /openapi.json.",
        ),
        "not-found": Problem(
            404,
            "Adresse inconnue",
            "Unknown address",
            "Rien ne répond à cette adresse : voyez /openapi.json.",
            "Nothing answers at this address: see /openapi.json.",
        ),
        "method-not-allowed": Problem(
            405,
            "Méthode refusée",
            "Method not allowed",
            "Cette adresse ne connaît pas cette méthode : voyez /openapi.json.",
            "This address does not know this method: see /openapi.json.",
        ),
        "unavailable": Problem(
            503,
            "Service indisponible",
            "Service unavailable",
            "Un service dont la passerelle dépend ne répond pas. Réessayez plus tard.",
            "A service that the gateway relies on does not answer. Try again later.",
        ),
        "internal": Problem(
            500,
            "Erreur de la passerelle",
            "Gateway error",
            "La demande n'a pas abouti et rien n'est sorti. Donnez la référence à l'exploitant.",
            "The request did not complete and nothing left. Give the reference to the operator.",
        ),
    }
)


def body(code: str, reference: str, language: str = "fr") -> dict[str, Any]:
    """The members of a problem. `reference` names the request in the hub's own account."""
    found = PROBLEMS[code]
    french = language == "fr"
    return {
        "type": PREFIX + code,
        "title": found.title_fr if french else found.title_en,
        "status": found.status,
        "detail": found.detail_fr if french else found.detail_en,
        "instance": f"urn:uuid:{reference}",
        "title_fr": found.title_fr,
        "title_en": found.title_en,
        "detail_fr": found.detail_fr,
        "detail_en": found.detail_en,
    }


def answer(
    code: str, reference: str, language: str = "fr", headers: Mapping[str, str] | None = None
) -> Response:
    """The response of a problem; its words are French unless English was asked for."""
    return Response(
        orjson.dumps(body(code, reference, language)),
        PROBLEMS[code].status,
        {"Content-Language": language, "Cache-Control": "no-store", **(headers or {})},
        MEDIA_TYPE,
    )


def language_of(accept_language: str) -> str:
    """``en`` when the first language asked for is English, else ``fr``."""
    return "en" if accept_language.strip().lower().startswith("en") else "fr"


class ProblemError(Exception):
    """Ends a request with a problem. Carries its code and headers, nothing of the request."""

    def __init__(self, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.headers = dict(headers or {})
