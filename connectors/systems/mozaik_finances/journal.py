"""The hub's journal in the words of the contract, for both ways to the ERP. Refuses a delivery with a person."""

from collections.abc import Mapping
from typing import Any, Protocol

from canonical_model.errors import ConfigurationError, IntegrityError
from connectors.kit.protocol import Delivery, Receipt

REUSED = "cle-reutilisee"
"""The ERP's code of a number that it holds another journal under."""


class Way(Protocol):
    """One way to the ERP."""

    def post(self, number: str, journal: Mapping[str, Any]) -> Receipt:
        """Have one journal posted; the same number and content give the same receipt."""

    def close(self) -> None:
        """Let go of connections."""


def wire_journal(system: str, delivery: Delivery) -> dict[str, Any]:
    """The journal of a delivery in the contract's words; amounts stay the text that they are.

    Raises ConfigurationError when somebody is released with it.
    """
    if delivery.released:
        raise ConfigurationError(
            f"{system}: a journal carries no person. Deliver sums by account only.",
            f"{system} : un journal ne porte aucune personne. N'envoyez que des sommes par compte.",
        )
    content: Mapping[str, Any] = delivery.content
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


def differs(system: str, number: str) -> IntegrityError:
    """The error of an ERP that holds another journal under a number, or answers about another one."""
    return IntegrityError(
        f"{system}/{number}: the ERP holds another journal under this number."
        " Compare both before anything else is posted.",
        f"{system}/{number} : l'ERP a un autre journal sous ce numéro."
        " Comparez les deux avant toute autre inscription.",
    )
