"""A connector of tables that its manifest says whole: condition, order and cursor of each stream, no Python.

Refused: a stream without `query`, and what `statements` refuses in a condition.
"""

from collections.abc import Iterator

import polars as pl

from canonical_model.errors import ConfigurationError
from connectors.kit import contract
from connectors.kit.installation import Installation
from connectors.kit.manifest import Manifest
from connectors.kit.manifest.model import SqlQuery
from connectors.kit.protocol import Page, Source, Window
from connectors.kit.sql.reader import Reader


class SqlSource(Source):
    """One pull: all streams see one snapshot. Parameters of a condition: `org`, `year` and `day`."""

    def __init__(self, installation: Installation, manifest: Manifest) -> None:
        super().__init__(installation)
        self._manifest = manifest
        self._reader = Reader(installation, contract.of(installation, manifest.contract.path))

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        """Rows of one stream, in the order that the manifest declares."""
        return (page.frame for page in self.pages(stream, window))

    def pages(
        self, stream: str, window: Window, *, since: str | None = None, position: str | None = None
    ) -> Iterator[Page]:
        """The same page by page, from `since` on, or after `position`."""
        query = self._query(stream)
        return self._reader.pages(
            stream,
            condition=query.condition,
            order=query.order,
            parameters=self._parameters(window),
            cursor=self._manifest.streams[stream].cursor,
            since=since,
            position=position,
        )

    def count(self, stream: str, window: Window) -> int:
        """How many rows the same snapshot holds."""
        return self._reader.count(
            stream, condition=self._query(stream).condition, parameters=self._parameters(window)
        )

    def count_since(self, stream: str, window: Window, since: str) -> int:
        """How many of them have a cursor that is at least `since`."""
        return self._reader.count(
            stream,
            condition=self._query(stream).condition,
            parameters=self._parameters(window),
            cursor=self._manifest.streams[stream].cursor,
            since=since,
        )

    def close(self) -> None:
        """End the snapshot."""
        self._reader.close()

    def _query(self, stream: str) -> SqlQuery:
        query = self._manifest.streams[stream].query
        if query is None:
            place = f"{self._manifest.name}/manifest.yaml/streams/{stream}"
            raise ConfigurationError(
                f"{place}: `query` is missing. Write its condition and order.",
                f"{place} : `query` manque. Écrivez sa condition et son ordre.",
            )
        return query

    def _parameters(self, window: Window) -> dict[str, object]:
        return {
            "org": self.installation.organization,
            "year": window.school_year,
            "day": window.day.isoformat(),
        }
