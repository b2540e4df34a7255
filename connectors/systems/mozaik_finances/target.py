"""Post a balanced journal to the ERP, bring its receipt back. No person is in it; the receipt must agree."""

from collections.abc import Mapping
from typing import Any

from canonical_model.errors import ConfigurationError, IntegrityError
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt, Target
from connectors.kit.rest import PartnerRefusedError, RestClient

PATH = "/api/v1/journaux"
_CONFLICT = 409


class MozaikFinancesTarget(Target):
    """Speaks contract/openapi.yaml. A delivery carries no released person, only sums by account."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._client = RestClient(installation, scope="journaux")

    def deliver(self, delivery: Delivery) -> Receipt:
        """Post one journal; its number is the delivery's key, and the same key gives the same receipt.

        `delivery.content`: ``number``, ``organization``, ``fiscal_year``, ``day``, ``currency``,
        ``total_debit``, ``total_credit`` and ``lines`` of ``account``, ``debit``, ``credit``; amounts
        are text. Raises as the kit's client does (PartnerRefusedError, a ConfigurationError, when the
        ERP finds the journal wrong), IntegrityError when it holds another journal under this number
        or its receipt is about something else.
        """
        if delivery.released:
            raise ConfigurationError(
                f"{self.installation.system}: a journal carries no person. Deliver sums by account only.",
                f"{self.installation.system} : un journal ne porte aucune personne."
                " N'envoyez que des sommes par compte.",
            )
        payload = _journal(delivery.content)
        try:
            answer = self._client.send("POST", PATH, payload, key=delivery.key)
        except PartnerRefusedError as error:
            if error.status == _CONFLICT:
                raise self._differs(delivery.key) from error
            raise
        return self._receipt(delivery.key, payload, answer.document, answer.raw)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _receipt(self, key: str, payload: Mapping[str, Any], found: Mapping[str, Any], raw: bytes) -> Receipt:
        try:
            said = (found["journal"], found["total"], int(found["lignes"]))
            number = str(found["recu"])
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{self.installation.system}{PATH}: the receipt is not what the contract says."
                " Compare contract/openapi.yaml with the partner's version.",
                f"{self.installation.system}{PATH} : le reçu n'est pas celui du contrat."
                " Comparez contract/openapi.yaml avec la version du partenaire.",
            ) from error
        if said != (key, payload["total_debit"], len(payload["lignes"])):
            raise self._differs(key)
        return Receipt(number=number, accepted=said[2], refused=(), raw=raw)

    def _differs(self, key: str) -> IntegrityError:
        return IntegrityError(
            f"{self.installation.system}/{key}: the ERP holds another journal under this number."
            " Compare both before anything else is posted.",
            f"{self.installation.system}/{key} : l'ERP a un autre journal sous ce numéro."
            " Comparez les deux avant toute autre inscription.",
        )


def _journal(content: Mapping[str, Any]) -> dict[str, Any]:
    """The hub's journal in the contract's words."""
    return {
        "numero": content["number"],
        "organisme": content["organization"],
        "exercice": content["fiscal_year"],
        "date_ecriture": content["day"],
        "devise": content["currency"],
        "total_debit": content["total_debit"],
        "total_credit": content["total_credit"],
        "lignes": [
            {"compte": line["account"], "debit": line["debit"], "credit": line["credit"]}
            for line in content["lines"]
        ],
    }
