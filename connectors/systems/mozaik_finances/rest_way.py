"""Posts a journal over REST, by contract/openapi.yaml. Refuses a receipt that is about something else."""

from collections.abc import Mapping
from typing import Any

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.protocol import Receipt
from connectors.kit.rest import PartnerRefusedError, RestClient
from connectors.systems.mozaik_finances.journal import differs

PATH = "/api/v1/journaux"
_CONFLICT = 409


class RestWay:
    """One ERP that answers at once."""

    def __init__(self, installation: Installation) -> None:
        self._system = installation.system
        if not installation.secrets.get("client_secret"):
            raise ConfigurationError(
                f"{self._system}: the secret client_secret is not declared. Add it to systems.yaml.",
                f"{self._system} : le secret client_secret n'est pas déclaré. Ajoutez-le à systems.yaml.",
            )
        self._client = RestClient(installation, scope="journaux")

    def post(self, number: str, journal: Mapping[str, Any]) -> Receipt:
        """Post one journal under its number. Raises as the kit's client does, and as the target says."""
        try:
            answer = self._client.send("POST", PATH, dict(journal), key=number)
        except PartnerRefusedError as error:
            if error.status == _CONFLICT:
                raise differs(self._system, number) from error
            raise
        return self._receipt(number, journal, answer.document, answer.raw)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _receipt(
        self, number: str, journal: Mapping[str, Any], found: Mapping[str, Any], raw: bytes
    ) -> Receipt:
        try:
            said = (found["journal"], found["total"], int(found["lignes"]))
            receipt = str(found["recu"])
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{self._system}{PATH}: the receipt is not what the contract says."
                " Compare contract/openapi.yaml with the partner's version.",
                f"{self._system}{PATH} : le reçu n'est pas celui du contrat."
                " Comparez contract/openapi.yaml avec la version du partenaire.",
            ) from error
        if said != (number, journal["total_debit"], len(journal["lignes"])):
            raise differs(self._system, number)
        return Receipt(number=receipt, accepted=said[2], refused=(), raw=raw)
