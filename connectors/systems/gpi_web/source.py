"""Reads a board's pupils, enrolments and marks from GPI's web services: rpc over SOAP 1.2, page after page.

Each page gives the token from which the next can be asked for, so that a cut pull goes on. Refused: a token
that comes twice, a field that the contract does not have, a record without a field of its key; a total that
changes, or more rows than it, asks for the pull again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import polars as pl
from lxml import etree

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import contract, load
from connectors.kit.contract import Stream
from connectors.kit.errors import position_lost
from connectors.kit.installation import Installation
from connectors.kit.protocol import Page, Source, Window
from connectors.kit.soap import SoapClient, SoapFaultError

OPERATION = "ListerEnregistrements"
WSDL = "gpi_web.wsdl"
FORGOTTEN = "JETON_INCONNU"

_FOLDER = Path(__file__).with_name("contract")


@dataclass(frozen=True, slots=True)
class _Answer:
    """One page: its records as rows in the order of the columns, the next token, the total it claims."""

    rows: tuple[tuple[str | None, ...], ...]
    following: str | None
    total: int


class GpiWebSource(Source):
    """`options`: ``user``, ``password_type``; ``contract``, ``wsdl``: files of a site's own (see README.md)."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._manifest = load.manifest(Path(__file__).parent.name)
        self._streams = contract.of(installation, _FOLDER / "streams.yaml")
        wsdl = Path(installation.options.get("wsdl") or _FOLDER / WSDL)
        self._client = SoapClient(installation, wsdl, limits=self._manifest.limits)

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        """A frame a page, in the order of the key."""
        for page in self.pages(stream, window):
            yield page.frame

    def pages(
        self,
        stream: str,
        window: Window,
        *,
        since: str | None = None,  # noqa: ARG002 - the service tells no moment of change
        position: str | None = None,
    ) -> Iterator[Page]:
        """Its position is the token of the page after it; a whole school year is asked for each time."""
        asked = self._stream(stream)
        token, tokens, seen, total = position or "", {position or ""}, 0, None
        while True:
            answer = (
                self._resumed(asked, window.school_year, token)
                if token == position
                else self._answer(asked, window.school_year, token)
            )
            total = answer.total if total is None else total
            seen += len(answer.rows)
            if answer.following is not None and (answer.following in tokens or not answer.rows):
                self._refuse_paging(stream)
            if answer.total != total or seen > total:
                self._ask_again(stream)
            if answer.following is None and position is None and seen != total:
                self._ask_again(stream)
            yield Page(_frame(answer.rows, asked.names), answer.following)
            if answer.following is None:
                return
            token = answer.following
            tokens.add(token)

    def count(self, stream: str, window: Window) -> int:
        """The total that the service claims now."""
        return self._answer(self._stream(stream), window.school_year, "", size=1).total

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _resumed(self, asked: Stream, year: int, token: str) -> _Answer:
        """The first page of an interrupted pull. Raises PositionLostError when the service forgot the token."""
        try:
            return self._answer(asked, year, token)
        except SoapFaultError as error:
            if error.fault != FORGOTTEN:
                raise
            raise position_lost(f"{self.installation.system}/{asked.name}") from error

    def _answer(self, asked: Stream, year: int, token: str, *, size: int = 0) -> _Answer:
        called = self._client.element(
            OPERATION,
            flux=asked.name,
            annee=str(year),
            taille=size or self._manifest.limits.page_rows,
            jeton=token,
        )
        page = called.find("{*}page")
        total = page.findtext("{*}total", "") if page is not None else ""
        if page is None or not total.isdecimal():
            self._refuse_field(asked.name, "total")
        records = page.iterchildren(f"{{*}}{asked.named}")
        rows = tuple(self._row(asked, record) for record in records)
        return _Answer(rows, page.findtext("{*}jetonSuivant") or None, int(total))

    def _row(self, asked: Stream, record: etree._Element) -> tuple[str | None, ...]:
        found = {field.tag.rpartition("}")[2]: field.text for field in record}
        named = {column.named: column.name for column in asked.columns}
        for name in found:
            if name not in named:
                self._refuse_field(asked.name, name)
        for key in self._manifest.streams[asked.name].key:
            if not found.get(asked.column(key).named):
                self._refuse_field(asked.name, key)
        return tuple(found.get(column.named) or None for column in asked.columns)

    def _stream(self, stream: str) -> Stream:
        if stream not in self._streams:
            known = ", ".join(self._streams)
            raise ConfigurationError(
                f"{self.installation.system}/{stream}: no such stream. Choose among {known}.",
                f"{self.installation.system}/{stream} : flux inconnu. Choisissez parmi {known}.",
            )
        return self._streams[stream]

    def _ask_again(self, stream: str) -> NoReturn:
        raise RetryableError(
            f"{self.installation.system}/{stream}: the rows are not as many as the total, or it changed during"
            " the pull. Pull again.",
            f"{self.installation.system}/{stream} : les lignes ne font pas le total, ou il a changé pendant la"
            " lecture. Relancez-la.",
        )

    def _refuse_paging(self, stream: str) -> NoReturn:
        raise ConfigurationError(
            f"{self.installation.system}/{stream}: the pages never end (a token came twice, or an empty page"
            " with a next one). Ask the supplier.",
            f"{self.installation.system}/{stream} : les pages ne finissent pas (jeton répété, ou page vide"
            " avec une suite). Demandez au fournisseur.",
        )

    def _refuse_field(self, stream: str, field: str) -> NoReturn:
        raise ConfigurationError(
            f"{self.installation.system}/{stream}/{field}: this field is missing or is not in the contract."
            " Compare contract/streams.yaml with the supplier's version.",
            f"{self.installation.system}/{stream}/{field} : ce champ manque ou n'est pas au contrat."
            " Comparez contract/streams.yaml avec la version du fournisseur.",
        )


def _frame(rows: tuple[tuple[str | None, ...], ...], columns: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
