"""What a manifest says, typed and frozen: streams and how to ask for them, sign-in, limits, hours, quality.

Nothing here reads a file or opens a connection; what stands in these classes has been checked by `reader`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from connectors.kit.manifest.opening_hours import ALWAYS, OpeningHours

Direction = Literal["inbound", "outbound", "pulls"]
"""The hub reads from it; the hub delivers to it; it comes to the hub's own interface, and the hub never calls it."""
Protocol = Literal["rest", "soap", "sql", "files"]
Identity = Literal["establishes", "refers"]
AuthenticationKind = Literal[
    "none", "oauth2", "api-key", "mutual-tls", "username-token", "x509", "password", "key"
]
PagingKind = Literal["none", "page", "offset", "cursor", "link"]


@dataclass(frozen=True, slots=True)
class Authentication:
    """How the connector signs in; the secrets themselves are the installation's.

    `token_path`, `scope`: of oauth2 (client credentials). `header`: of api-key.
    """

    kind: AuthenticationKind = "none"
    token_path: str = "/oauth/token"  # noqa: S105 - a path, not a password
    scope: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be asked of the partner, and how long. The values here are those of a manifest that says nothing.

    `requests_per_second`: None = as fast as it answers. `tries`: of one call, the first included; they also end
    `give_up_after` the first began. `page_rows`: asked for at once. `largest_answer`: bytes of one answer.
    `timeout`: bounds each wait; the option ``timeout_seconds`` of an installation goes before it.
    """

    requests_per_second: float | None = None
    tries: int = 3
    give_up_after: timedelta = timedelta(minutes=5)
    page_rows: int = 500
    largest_answer: int = 64 * 1024 * 1024
    timeout: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Paging:
    """How the next page is asked for.

    `parameter`: of the query that carries the page's number, the offset or the cursor. `first`: number of the
    first page. `next`: JSON Pointer to the next cursor in the answer. `link` follows the Link header.
    """

    kind: PagingKind = "none"
    parameter: str = ""
    first: int = 1
    next: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """Where the partner says how many records there are: a `header`, or a `pointer` into an answer.

    `path`: of the call that answers it, when it is another one than the stream's.
    """

    pointer: str = ""
    header: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class RestRequest:
    """One stream over REST. `path`, `query`: with placeholders; `records`: JSON Pointer, "" = the whole answer."""

    path: str
    query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    records: str = ""
    total: Total | None = None
    paging: Paging = field(default_factory=Paging)


@dataclass(frozen=True, slots=True)
class SqlQuery:
    """One stream from a database, as `kit/sql` reads it. `condition`: "" = every row. `order`: columns."""

    condition: str
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileDeclaration:
    """One stream in a dropped file. `name`: with placeholders. `complete`: how it is known to be whole.

    `format`: the texts that ``formats.Format.from_text`` takes, its `kind` among them.
    """

    name: str
    format: Mapping[str, Any]
    complete: Literal["marker", "checksum", "stable"] = "marker"


@dataclass(frozen=True, slots=True)
class Deletions:
    """How the source says that a record is gone: not at all, by a `column` in `gone`, or by leaving it out."""

    kind: Literal["none", "flag", "snapshot"] = "none"
    column: str = ""
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamDeclaration:
    """One stream. `key`: columns that tell its rows apart. `cursor`: column whose greatest value is the next since.

    `lag`: how far before it the next pull begins again. `request`, `query`, `file`: how a declared connector
    asks for it, by protocol; all None in a connector of Python.
    """

    name: str
    key: tuple[str, ...]
    cursor: str | None = None
    lag: timedelta = timedelta(0)
    deletions: Deletions = field(default_factory=Deletions)
    request: RestRequest | None = None
    query: SqlQuery | None = None
    file: FileDeclaration | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """`kind`: published by the vendor, or Passerelle's own reference. `path`: its file or folder.

    `wire`: the description of the wire beside it (OpenAPI, WSDL), when `path` holds the columns.
    """

    kind: Literal["published", "reference"]
    path: Path
    wire: Path | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One named quality and where the connector stands on it; `reason` is there when it is exempt."""

    state: Literal["done", "todo", "exempt"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One connector. `streams`: by name, in the order they are pulled. `secrets`: names only.

    `entry`: ``source:Class`` or ``target:Class``; None = declared, without Python. `identity`: whether its
    people are new to the hub (`establishes`) or must be known (`refers`); None for a connector that is written
    to. `schedule`: cron of the site's day, as a proposal.
    """

    name: str
    folder: Path
    direction: Direction
    protocol: Protocol
    owner: str
    schedule: str
    entry: str | None
    identity: Identity | None
    streams: Mapping[str, StreamDeclaration]
    mappings: tuple[str, ...]
    secrets: tuple[str, ...]
    contract: Contract
    quality: Mapping[str, Rung]
    authentication: Authentication = field(default_factory=Authentication)
    limits: Limits = field(default_factory=Limits)
    opening_hours: OpeningHours = ALWAYS
