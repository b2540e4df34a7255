"""A connector's manifest: what it is, how it is asked, which streams and mappings it has, how far it has come.

Light on purpose: Airflow's parser reads it, so nothing here opens a connection or loads a large library.
Refused, with the file, the line and the key: an unknown key, a missing one, a value of another form.
"""

from connectors.kit.manifest.grammar import MANIFEST, PLACEHOLDERS
from connectors.kit.manifest.model import (
    Authentication,
    Contract,
    Deletions,
    FileDeclaration,
    Limits,
    Manifest,
    Paging,
    RestRequest,
    Rung,
    SqlQuery,
    StreamDeclaration,
    Total,
)
from connectors.kit.manifest.opening_hours import ALWAYS, OpeningHours
from connectors.kit.manifest.reader import FILE, read

KEYS = frozenset(MANIFEST.names)

__all__ = [
    "ALWAYS",
    "FILE",
    "KEYS",
    "PLACEHOLDERS",
    "Authentication",
    "Contract",
    "Deletions",
    "FileDeclaration",
    "Limits",
    "Manifest",
    "OpeningHours",
    "Paging",
    "RestRequest",
    "Rung",
    "SqlQuery",
    "StreamDeclaration",
    "Total",
    "read",
]
