"""Drops a whole set of SDS files in a folder of its own. Refuses a header that is not the contract's, and no release.

    <key>/orgs.csv  <key>/users.csv …      then  <key>.sha256, the list of them: the set is whole when it is there

The list stays when the board's flow has taken the folder: it is how the same set is known again.
"""

import re
from pathlib import Path

from canonical_model.errors import ConfigurationError, IntegrityError
from connectors.kit import contract
from connectors.kit.files.complete import MARKER
from connectors.kit.files.opening import shared_folder
from connectors.kit.files.outgoing import Outgoing
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt, Target

CONTRACT = Path(__file__).parent / "contract" / "sds_v2.1.yaml"
LINE_END = b"\r\n"
_KEY = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$")


class MicrosoftSdsTarget(Target):
    """A path, ``file://`` or ``sftp://`` address: where the board's flow to SDS looks."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._streams = contract.of(installation, CONTRACT)
        self._folder = shared_folder(installation)

    def deliver(self, delivery: Delivery) -> Receipt:
        """Drop a set: Outgoing of different kinds, the names of the contract's streams; the same set is one.

        `Receipt` is that of the deposit: SDS answers nothing. Raises IntegrityError when another set has this
        key, ConfigurationError for a file that is not the contract's.
        """
        files = self._files(delivery)
        listed = "".join(f"{file.digest}  {delivery.key}/{name}\n" for name, file in files.items()).encode()
        name = f"{delivery.key}{MARKER}"
        receipt = Receipt(delivery.key, sum(file.rows for file in files.values()), (), listed)
        if self._folder.look(name) is not None:
            with self._folder.open(name) as held:
                if held.read(len(listed) + 1) == listed:
                    return receipt
            raise IntegrityError(
                f"{self.installation.system}/{delivery.key}: another set was dropped under this key. Compare both"
                " before anything else is sent.",
                f"{self.installation.system}/{delivery.key} : un autre ensemble a été déposé sous cette clé."
                " Comparez les deux avant tout autre envoi.",
            )
        place = self._folder.below(delivery.key)
        for file_name, file in files.items():
            place.write(file_name, [file.content])
        self._folder.write(name, [listed])
        return receipt

    def close(self) -> None:
        """Let go of the connection."""
        self._folder.close()

    def _files(self, delivery: Delivery) -> dict[str, Outgoing]:
        content = delivery.content if isinstance(delivery.content, tuple | list) else ()
        files = {
            f"{self._streams[file.kind].named}.csv": file
            for file in content
            if isinstance(file, Outgoing) and file.kind in self._streams
        }
        if not files or len(files) != len(content) or not delivery.released or not _KEY.match(delivery.key):
            raise ConfigurationError(
                f"{self.installation.system}: a set is about released people, has a plain key, and one file of each"
                f" kind: {', '.join(self._streams)}. Correct the call.",
                f"{self.installation.system} : un ensemble porte sur des personnes dont la communication est"
                f" permise, a une clé simple, et un fichier par sorte : {', '.join(self._streams)}. Corrigez"
                " l'appel.",
            )
        for file in files.values():
            header, *_ = file.content.split(LINE_END, 1)
            wanted = ",".join(column.named for column in self._streams[file.kind].columns)
            if header != wanted.encode("ascii"):
                raise ConfigurationError(
                    f"{self.installation.connector}/{file.kind}: its header is not the contract's. Compare the"
                    " mapping's form with contract/sds_v2.1.yaml.",
                    f"{self.installation.connector}/{file.kind} : son en-tête n'est pas celui du contrat. Comparez"
                    " le formulaire de la correspondance avec contract/sds_v2.1.yaml.",
                )
        return files
