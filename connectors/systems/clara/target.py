"""Hand signed dossiers to a cégep, bring its receipt back. Refuses a receipt that does not add up."""

from collections.abc import Mapping, Sequence
from typing import Any

from canonical_model.errors import ConfigurationError, IntegrityError
from canonical_model.released import Released
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt, Target
from connectors.kit.rest import RestClient

PATH = "/api/v1/livraisons"
MOST = 500  # documents of a call: `maxItems` of the contract


class ClaraTarget(Target):
    """Speaks contract/openapi.yaml. Each Released carries its document, a compact JWS."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._client = RestClient(installation, scope="livraisons")

    def deliver(self, delivery: Delivery) -> Receipt:
        """Send the documents, at most MOST a call. `Receipt.refused` names a document by its decision's marker.

        A delivery of several calls bears the number of its first receipt, and keeps all of them. Each call has a key
        of its own, the same every time: cut in the middle and sent again, no document arrives twice.

        Raises RetryableError or ConfigurationError as the kit's client does, and IntegrityError when
        a receipt does not account for every document.
        """
        sent = delivery.released
        calls = [sent[start : start + MOST] for start in range(0, len(sent), MOST)] or [sent]
        receipts = [
            self._call(delivery.key if len(calls) == 1 else f"{delivery.key}/{number}", part)
            for number, part in enumerate(calls, start=1)
        ]
        return Receipt(
            number=receipts[0].number,
            accepted=sum(receipt.accepted for receipt in receipts),
            refused=tuple(refusal for receipt in receipts for refusal in receipt.refused),
            raw=receipts[0].raw if len(receipts) == 1 else b"[%b]" % b",".join(r.raw for r in receipts),
        )

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _call(self, key: str, part: Sequence[Released]) -> Receipt:
        payload = {
            "livraison": key,
            "nombre": len(part),
            "documents": [self._document(item) for item in part],
        }
        answer = self._client.send("POST", PATH, payload, key=key)
        number, accepted, refused = self._accounted(answer.document, part)
        return Receipt(number=number, accepted=accepted, refused=refused, raw=answer.raw)

    def _document(self, item: Released) -> str:
        if item.document is None:
            raise ConfigurationError(
                f"{self.installation.system}: a release without its signed document."
                " Render it before delivering.",
                f"{self.installation.system} : une communication sans son document signé."
                " Produisez-le avant la remise.",
            )
        return item.document.decode("ascii")

    def _accounted(
        self, found: Mapping[str, Any], sent: Sequence[Released]
    ) -> tuple[str, int, tuple[tuple[str, str], ...]]:
        try:
            number, accepted = str(found["recu"]), int(found["acceptes"])
            ranks = [(int(item["rang"]), str(item["code"])) for item in found["refuses"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{self.installation.system}{PATH}: the receipt is not what the contract says."
                " Compare contract/openapi.yaml with the partner's version.",
                f"{self.installation.system}{PATH} : l'accusé n'est pas celui du contrat."
                " Comparez contract/openapi.yaml avec la version du partenaire.",
            ) from error
        distinct = {rank for rank, _ in ranks if 1 <= rank <= len(sent)}
        if len(distinct) != len(ranks) or accepted + len(ranks) != len(sent):
            raise IntegrityError(
                f"{self.installation.system}{PATH}: the receipt accounts for {accepted} + {len(ranks)}"
                f" of {len(sent)} documents. Ask the partner what became of the others.",
                f"{self.installation.system}{PATH} : l'accusé rend compte de {accepted} + {len(ranks)}"
                f" des {len(sent)} documents. Demandez au partenaire ce que les autres sont devenus.",
            )
        return number, accepted, tuple((sent[rank - 1].decision.marker, code) for rank, code in ranks)
