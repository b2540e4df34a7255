"""Asks Ariane (the ministry) about codes permanents, over signed SOAP 1.2: search, confirm, request, read answers.

Every call that names a person takes a Delivery, hence a decision. Refused: a call without a released
person, a lot above 50 requests or of two kinds, an answer that leaves a request out or is about another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from canonical_model.errors import ConfigurationError, IntegrityError
from connectors.kit import load
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt, Target
from connectors.kit.soap import SoapClient

WSDL = "ariane.wsdl"
MOST_REQUESTS = 50  # of one lot: the old paper rule (facts/quebec-education.md §1.5), and our contract's

Kind = Literal["ATTRIBUTION", "CORRECTION"]
Agreement = Literal["EXACTE", "PARTIELLE"]
Confirmed = Literal["CONFIRME", "DIFFERENT", "REMPLACE", "INCONNU"]
Outcome = Literal["ATTRIBUE", "EXISTANT", "CORRIGE", "A_VERIFIER", "REFUSE"]


class _Hidden:
    """What is about a person: no `repr` shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Candidate(_Hidden):
    """One record of the register that resembles the identity asked about."""

    code_permanent: str
    agreement: Agreement
    family_name: str
    given_name: str
    birth_date: str
    sex: str


@dataclass(frozen=True, slots=True, repr=False)
class Found(_Hidden):
    """`more`: the register holds others than `candidates`, which are at most ten."""

    candidates: tuple[Candidate, ...]
    more: bool


@dataclass(frozen=True, slots=True, repr=False)
class Confirmation(_Hidden):
    """`fields`: names of what differs. `replaced_by`: the code that holds now."""

    state: Confirmed
    fields: tuple[str, ...]
    replaced_by: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Reply(_Hidden):
    """The answer to one request. `error`: the ministry's stable code of a refusal."""

    number: str
    state: Outcome
    code_permanent: str | None
    error: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Replacement(_Hidden):
    """A code permanent that another one replaces. `number` grows: the greatest is where to go on."""

    number: int
    code_permanent: str
    replaced_by: str


class ArianeTarget(Target):
    """`options`: ``certificate``, ``partner_certificate`` (PEM files); ``contract``, a folder of a site's own."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._folder = Path(installation.options.get("contract", Path(__file__).with_name("contract")))

    def deliver(self, delivery: Delivery) -> Receipt:
        """Hand over a lot of requests; its number is the delivery's key, and gives the same acknowledgement again.

        `delivery.content`: ``organization`` (six digits), ``kind`` (ATTRIBUTION or CORRECTION) and
        ``requests``, each ``{"number", "identity", "proof", "code_permanent"?}``; see `search` for an
        identity. Raises ConfigurationError when the lot breaks the contract, SoapFaultError when Ariane
        refuses it, IntegrityError when it acknowledges another number of requests.
        """
        content = delivery.content
        requests: Sequence[Mapping[str, Any]] = content["requests"]
        self._check(delivery, len(requests))
        answer = self._client.call(
            "DeposerDemandes",
            noLot=delivery.key,
            organisme=content["organization"],
            genre=content["kind"],
            demande=[_request(found) for found in requests],
        )
        if answer.nombre != len(requests):
            raise self._miscount(delivery.key, len(requests), answer.nombre)
        raw = f"{answer.noAccuse} {answer.nombre}".encode()
        return Receipt(str(answer.noAccuse), len(requests), (), raw)

    def answers(self, lot: str, numbers: Sequence[str]) -> tuple[Reply, ...] | None:
        """The answers to a lot, or None while Ariane has it in hand. `numbers`: of the requests that it held.

        Raises IntegrityError when a request has no answer, two, or when there is one to another.
        """
        answer = self._client.call("ObtenirReponses", noLot=lot)
        if answer.etat == "EN_TRAITEMENT":
            return None
        found = tuple(
            Reply(item.noDemande, cast("Outcome", item.etat), item.codePermanent, item.codeErreur)
            for item in answer.reponse
        )
        if sorted(item.number for item in found) != sorted(numbers):
            raise self._miscount(lot, len(numbers), len(found))
        return found

    def search(self, delivery: Delivery) -> Found:
        """Who in the register resembles one person.

        `delivery.content`: ``organization`` and ``identity``: ``family_name``, ``given_name``,
        ``birth_date`` (ISO text), ``sex``, and ``birth_place`` when it is known.
        """
        self._check(delivery, 1)
        answer = self._client.call(
            "RechercherIdentite",
            organisme=delivery.content["organization"],
            identite=_identity(delivery.content["identity"]),
        )
        return Found(tuple(_candidate(item) for item in answer.dossier), bool(answer.incomplet))

    def confirm(self, delivery: Delivery) -> Confirmation:
        """Whether a code permanent is that of one person. `delivery.content`: as `search`, and ``code_permanent``."""
        self._check(delivery, 1)
        answer = self._client.call(
            "ConfirmerIdentite",
            organisme=delivery.content["organization"],
            codePermanent=delivery.content["code_permanent"],
            identite=_identity(delivery.content["identity"]),
        )
        return Confirmation(
            cast("Confirmed", answer.etat), tuple(map(str, answer.champ)), answer.codePermanentNouveau
        )

    def replacements(self, organization: str, after: int) -> tuple[Replacement, ...]:
        """The notices of replacement above number `after`, in order; at most 500, then ask again."""
        answer = self._client.call("ListerRemplacements", organisme=organization, apres=after)
        # zeep gives the one repeated element of an answer as the answer itself
        found = answer if isinstance(answer, list) else getattr(answer, "avis", None) or []
        made = tuple(
            Replacement(item.noAvis, item.codePermanent, item.codePermanentNouveau) for item in found
        )
        if [item.number for item in made] != sorted({item.number for item in made if item.number > after}):
            raise self._miscount("ListerRemplacements", len(made), len({item.number for item in made}))
        return made

    def close(self) -> None:
        """Let go of the connection."""
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> SoapClient:
        limits = load.manifest("ariane").limits
        return SoapClient(self.installation, self._folder / WSDL, authentication="x509", limits=limits)

    def _check(self, delivery: Delivery, requests: int) -> None:
        """As many people released as are named, and no more of them than a lot holds."""
        if not 0 < requests <= MOST_REQUESTS or len(delivery.released) != requests:
            raise ConfigurationError(
                f"{self.installation.system}/{delivery.key}: {requests} requests for {len(delivery.released)}"
                f" released people. One each, from 1 to {MOST_REQUESTS} in a lot.",
                f"{self.installation.system}/{delivery.key} : {requests} demandes pour"
                f" {len(delivery.released)} personnes permises. Une chacune, de 1 à {MOST_REQUESTS} par lot.",
            )

    def _miscount(self, place: str, sent: int, told: int) -> IntegrityError:
        return IntegrityError(
            f"{self.installation.system}/{place}: the answer does not account for each of {sent} ({told})."
            " Ask the ministry before anything else is sent.",
            f"{self.installation.system}/{place} : la réponse ne rend pas compte de chacune des {sent}"
            f" ({told}). Demandez au ministère avant tout autre envoi.",
        )


def _identity(found: Mapping[str, str]) -> dict[str, str]:
    made = {
        "nom": found["family_name"],
        "prenom": found["given_name"],
        "dateNaissance": found["birth_date"],
        "sexe": found["sex"],
    }
    return made | ({"lieuNaissance": found["birth_place"]} if found.get("birth_place") else {})


def _request(found: Mapping[str, Any]) -> dict[str, Any]:
    made = {"noDemande": found["number"], "identite": _identity(found["identity"]), "piece": found["proof"]}
    return made | ({"codePermanent": found["code_permanent"]} if found.get("code_permanent") else {})


def _candidate(item: Any) -> Candidate:
    told = item.identite
    return Candidate(
        item.codePermanent,
        cast("Agreement", item.concordance),
        told.nom,
        told.prenom,
        str(told.dateNaissance),
        told.sexe,
    )
