"""The shared folder of an installed system, by its address: a path, ``file://`` or ``sftp://``. Refuses others."""

from canonical_model.errors import ConfigurationError
from connectors.kit.files import dropped
from connectors.kit.files.folder import Folder, LocalFolder
from connectors.kit.files.sftp import SftpAddress, SftpFolder
from connectors.kit.installation import Installation


def shared_folder(installation: Installation) -> Folder:
    """The folder, not yet connected to when it is far away. Raises ConfigurationError."""
    scheme, colon, _ = installation.address.partition("://")
    if not colon or scheme == "file":
        return LocalFolder(dropped.folder(installation), installation.system)
    if scheme == "sftp":
        return SftpFolder(SftpAddress.of(installation))
    raise ConfigurationError(
        f"{installation.system}: the address must be a path, file:// or sftp://. Correct systems.yaml.",
        f"{installation.system} : l'adresse doit être un chemin, file:// ou sftp://. Corrigez systems.yaml.",
    )
