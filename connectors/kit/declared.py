"""Makes the source of a connector that has no Python: its manifest and its contract say all. Refuses SOAP.

Loaded by name (`load`), when such a connector is asked for; each protocol's libraries are imported then, so
that a run that reads files loads no HTTP client.
"""

from connectors.kit.installation import Installation
from connectors.kit.manifest import Manifest
from connectors.kit.protocol import Source


def source(manifest: Manifest, installation: Installation) -> Source:
    """The source of an installed system, by its manifest's protocol. Raises ConfigurationError as its class does."""
    if manifest.protocol == "rest":
        from connectors.kit.rest.declared import RestSource  # noqa: PLC0415 - httpx only where it is asked for

        return RestSource(installation, manifest)
    if manifest.protocol == "sql":
        from connectors.kit.sql.declared import SqlSource  # noqa: PLC0415 - psycopg only where it is asked for

        return SqlSource(installation, manifest)
    if manifest.protocol == "files":
        from connectors.kit.files.declared import FileSource  # noqa: PLC0415 - the file formats only then

        return FileSource(installation, manifest)
    raise AssertionError(manifest.protocol)  # the manifest's reader asks for an entry
