"""Brings a balanced journal to the ERP and its receipt back, over REST or as a file. No person is in it."""

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt, Target
from connectors.systems.mozaik_finances.file_way import FileWay
from connectors.systems.mozaik_finances.journal import Way, wire_journal
from connectors.systems.mozaik_finances.rest_way import RestWay


class MozaikFinancesTarget(Target):
    """The address chooses the way: ``https://`` is REST; a path, ``file://`` or ``sftp://`` is a folder."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._way = _way(installation)

    def deliver(self, delivery: Delivery) -> Receipt:
        """Post one journal; its number is the delivery's key, and the same key gives the same receipt.

        `delivery.content`: ``number``, ``organization``, ``fiscal_year``, ``day``, ``currency``,
        ``total_debit``, ``total_credit`` and ``lines`` of ``account``, ``debit``, ``credit``; amounts
        are text. Raises PartnerRefusedError, a ConfigurationError, when the ERP finds the journal wrong,
        RetryableError when it does not answer, IntegrityError when it holds another journal under this
        number or its receipt is about something else.
        """
        return self._way.post(delivery.key, wire_journal(self.installation.system, delivery))

    def close(self) -> None:
        """Let go of connections."""
        self._way.close()


def _way(installation: Installation) -> Way:
    scheme, colon, _ = installation.address.partition("://")
    if not colon or scheme in ("file", "sftp"):
        return FileWay(installation)
    if scheme in ("http", "https"):
        return RestWay(installation)
    raise ConfigurationError(
        f"{installation.system}: the address must be https://, a path, file:// or sftp://. Correct systems.yaml.",
        f"{installation.system} : l'adresse doit être https://, un chemin, file:// ou sftp://."
        " Corrigez systems.yaml.",
    )
