"""What can go wrong with a partner, in words; no message holds a query, a body, a token or a person.

A place is the installed system and the path of the contract. `TransientError` never leaves the kit's clients.
"""

import re
import ssl
from collections.abc import Mapping

from canonical_model.errors import ConfigurationError, RetryableError

_PROBLEM = re.compile(r"^[A-Za-z0-9_.-]{1,60}$")
_EXPIRED, _NOT_YET = 10, 9  # X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID


class PartnerRefusedError(ConfigurationError):
    """The partner understood the call and refuses it. `problem`: its stable code; `status`: of HTTP."""

    code = "partner-refused"

    def __init__(self, english: str, french: str, *, status: int, problem: str) -> None:
        super().__init__(english, french)
        self.status = status
        self.problem = problem


class PositionLostError(RetryableError):
    """The system no longer knows the position from which a pull was to go on. What landed is begun anew.

    Raised by a source that was given a `position` and finds at its first call that it serves no more.
    """

    code = "position-lost"


class TransientError(Exception):
    """One try failed in a way that the next one may mend. `wait`: seconds that the partner asks for."""

    def __init__(self, english: str, french: str, wait: float = 0.0) -> None:
        super().__init__(english)
        self.english, self.french, self.wait = english, french, wait


def wrong_contract(place: str, english: str = "", french: str = "") -> ConfigurationError:
    """The answer is well formed, and another than the contract's; the words say where in it."""
    return ConfigurationError(
        f"{place}: the answer is not what the contract says{english and f' ({english})'}."
        " Compare the connector's contract with the partner's version.",
        f"{place} : la réponse n'est pas celle du contrat{french and f' ({french})'}."
        " Comparez le contrat du connecteur avec la version du partenaire.",
    )


def refused(place: str, status: int, problem: str) -> PartnerRefusedError:
    """A final refusal, with the partner's stable code."""
    return PartnerRefusedError(
        f"{place}: the partner refused the call ({status}, {problem}). Look the code up in its contract.",
        f"{place} : le partenaire a refusé l'appel ({status}, {problem}). Cherchez ce code dans son contrat.",
        status=status,
        problem=problem,
    )


def refused_sign_in(place: str, status: int, problem: str, secrets: str) -> ConfigurationError:
    """The partner does not let us in; `secrets`: names of what to correct."""
    return ConfigurationError(
        f"{place}: the sign-in was refused ({status}, {problem}). Correct {secrets} in systems.yaml.",
        f"{place} : l'authentification a été refusée ({status}, {problem})."
        f" Corrigez {secrets} dans systems.yaml.",
    )


def redirected(place: str) -> ConfigurationError:
    """The address in systems.yaml is the only place where a secret and a dossier may go."""
    return ConfigurationError(
        f"{place}: the partner redirects elsewhere. Write its new address in systems.yaml.",
        f"{place} : le partenaire redirige ailleurs. Inscrivez sa nouvelle adresse dans systems.yaml.",
    )


def too_large(place: str, largest: int) -> ConfigurationError:
    """An answer, decoded, above the limit: what came of it is dropped."""
    return ConfigurationError(
        f"{place}: the answer is larger than {largest} bytes."
        " Check the address in systems.yaml, ask for smaller pages (limits.page_rows), or raise"
        " limits.largest_answer.",
        f"{place} : la réponse dépasse {largest} octets."
        " Vérifiez l'adresse dans systems.yaml, demandez de plus petites pages (limits.page_rows) ou"
        " augmentez limits.largest_answer.",
    )


def untrusted(system: str, error: BaseException) -> ConfigurationError | None:
    """What a failed TLS handshake means for a person; None when TLS is not why the connection failed."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            english, french = {
                _EXPIRED: ("has expired", "est échu"),
                _NOT_YET: ("is not valid yet", "n'est pas encore valide"),
            }.get(seen.verify_code, ("is not trusted", "n'est pas reconnu"))
            return ConfigurationError(
                f"{system}: the partner's certificate {english}."
                " Check the address and this machine's clock, or have the certificate renewed.",
                f"{system} : le certificat du partenaire {french}."
                " Vérifiez l'adresse et l'horloge de cette machine, ou faites renouveler le certificat.",
            )
        if isinstance(seen, ssl.SSLError) and "ALERT" in (seen.reason or ""):
            return ConfigurationError(
                f"{system}: the partner refused our certificate or our TLS."
                " Check the secrets client_certificate and client_key.",
                f"{system} : le partenaire a refusé notre certificat ou notre TLS."
                " Vérifiez les secrets client_certificate et client_key.",
            )
        seen = seen.__cause__ or seen.__context__
    return None


def position_lost(place: str) -> PositionLostError:
    """A token of a page, or what else a position was made of, that the system refuses."""
    return PositionLostError(
        f"{place}: the system no longer knows where the pull stood. Pull again from the beginning.",
        f"{place} : le système ne sait plus où en était la lecture. Relancez-la depuis le début.",
    )


def absent(system: str, *names: str) -> ConfigurationError:
    """A secret or an option that the sign-in needs and systems.yaml does not have."""
    english, french = " or ".join(names), " ou ".join(names)
    return ConfigurationError(
        f"{system}: {english} is absent. Add it to systems.yaml.",
        f"{system} : {french} est absent. Ajoutez-le à systems.yaml.",
    )


def unreadable(system: str, *names: str) -> ConfigurationError:
    """A secret or an option that is there and cannot serve."""
    english, french = " or ".join(names), " ou ".join(names)
    return ConfigurationError(
        f"{system}: {english} cannot be read or used. Correct it in systems.yaml.",
        f"{system} : {french} : lecture ou emploi impossible. Corrigez-le dans systems.yaml.",
    )


def problem(status: int, found: object) -> str:
    """The partner's stable code: RFC 9457 `code` or the end of `type`, OAuth `error`; never free text."""
    if isinstance(found, Mapping):
        for name in ("code", "error", "type"):
            value = found.get(name)
            if isinstance(value, str) and _PROBLEM.match(last := re.split(r"[/:#]", value)[-1]):
                return last
    return f"http-{status}"
