"""Manifests of an invented source, as the tests of a pull need them."""

from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from connectors.kit.manifest import Manifest
from connectors.kit.manifest.model import Contract, Deletions, SqlQuery, StreamDeclaration


def manifest(
    *,
    key: tuple[str, ...] = ("id",),
    cursor: str | None = None,
    lag: timedelta = timedelta(0),
    deletions: Deletions = Deletions(),  # noqa: B008 - frozen
    query: SqlQuery | None = None,
    contract: Path = Path(),
) -> Manifest:
    """A manifest whose one stream is ``items``."""
    return Manifest(
        name="invented",
        folder=Path(),
        direction="inbound",
        protocol="rest",
        owner="nobody@example.org",
        schedule="0 5 * * *",
        entry="source:Items",
        identity="refers",
        streams=MappingProxyType({
            "items": StreamDeclaration(
"items", key, cursor=cursor, lag=lag, deletions=deletions, query=query)
        }),
        mappings=(),
        secrets=(),
        contract=Contract("reference", contract),
        quality=MappingProxyType({}),
    )  # fmt: skip
