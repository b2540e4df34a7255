"""Drops one transmission of RL-24 slips in a folder. Refuses a file that is not certified, for test or mistaken.

The file is made by the billing module. What is looked at here is the envelope, which is public: so that a test file
never goes where real ones go, nor a real one where tests go.
"""

import re

from lxml import etree

from canonical_model.errors import ConfigurationError
from connectors.kit import safe_xml
from connectors.kit.files.outgoing import FileTarget, Outgoing
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt

KIND = "releves"
_KEY = re.compile(r"^(?P<year>\d{2})(?P<transmitter>\d{6})(?!000)\d{3}$")
_PACKAGES = {"R": ("1", "3"), "A": ("4", "5"), "D": ("6", "7")}


class RevenuQuebecTarget(FileTarget):
    """Option ``environment``: ``production``, the default, or ``test``."""

    names = {KIND: "{key}.xml"}  # noqa: RUF012 - read only

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._environment = installation.options.get("environment", "production")
        if self._environment not in ("production", "test"):
            raise ConfigurationError(
                f"{installation.system}: options.environment must be production or test. Correct systems.yaml.",
                f"{installation.system} : options.environment doit être production ou test. Corrigez systems.yaml.",
            )

    def deliver(self, delivery: Delivery) -> Receipt:
        """Drop one Outgoing of kind ``releves``; the key is its name, ``AAPPPPPPSSS``, `rows` its slips.

        Raises as FileTarget does; ConfigurationError when the envelope is not the contract's or of the other
        environment.
        """
        content = delivery.content
        if isinstance(content, tuple | list) and len(content) == 1 and isinstance(content[0], Outgoing):
            self._check(delivery.key, content[0])
        return super().deliver(delivery)

    def _check(self, key: str, file: Outgoing) -> None:
        named = _KEY.match(key)
        if named is None:
            raise self._wrong(key, "its name is not AAPPPPPPSSS", "son nom n'est pas AAPPPPPPSSS")
        try:
            root = safe_xml.parse(file.content)
        except safe_xml.UnsafeXmlError as error:
            raise self._wrong(key, "it is not safe XML", "ce n'est pas du XML sûr") from error
        name = {"t": etree.QName(root).namespace or ""}
        said = {
            path: root.findtext(f"t:P/t:{path.replace('/', '/t:')}", "", name)
            for path in ("Annee", "TypeEnvoi", "NoCertification", "Preparateur/No")
        }
        tags = [
            etree.QName(slip).localname
            for slip in root.iterfind("*/*")
            if etree.QName(slip).localname in _PACKAGES
        ]
        if len(set(tags)) != 1 or len(tags) != file.rows:
            raise self._wrong(
                key,
                "it does not hold that many slips of one kind",
                "il ne contient pas ce nombre de relevés d'une sorte",
            )
        if (said["Annee"][2:], said["Preparateur/No"]) != (named["year"], f"NP{named['transmitter']}"):
            raise self._wrong(
                key,
                "its year or transmitter is not that of its name",
                "son année ou son transmetteur n'est pas celui du nom",
            )
        for_test = self._environment == "test"
        certified = said["NoCertification"] != f"RQ-{named['year']}-99-999"
        if said["TypeEnvoi"] != _PACKAGES[tags[0]][for_test] or not (certified or for_test):
            raise self._wrong(
                key,
                f"it is not certified, or not of the environment {self._environment}",
                f"il n'est pas certifié, ou n'est pas de l'environnement {self._environment}",
            )

    def _wrong(self, key: str, english: str, french: str) -> ConfigurationError:
        place = f"{self.installation.system}/{key[:40]}"
        return ConfigurationError(
            f"{place}: {english}. Issue the slips again, or correct systems.yaml; nothing was dropped.",
            f"{place} : {french}. Reproduisez les relevés, ou corrigez systems.yaml ; rien n'a été déposé.",
        )
