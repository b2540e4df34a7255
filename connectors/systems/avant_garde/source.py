"""Reads school daycare from Avant-garde over SOAP: contracts, attendance, payments of one calendar year.

Page after page, until the service gives no next token. Refused: a token that comes twice, a field that
the contract does not have, a record without a field of its key, a total that changes during the pull.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

import polars as pl
from lxml import etree

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.installation import Installation
from connectors.kit.protocol import Source, Window
from connectors.kit.soap import SoapClient

FRAME_ROWS = 20_000  # pages are gathered: a frame of one page costs more to land than to read
WSDL = "garde.wsdl"


@dataclass(frozen=True, slots=True)
class _Stream:
    """`record`: the element of one record. `columns`: its fields, in the contract's order; `key`: of them."""

    record: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


STREAMS: Mapping[str, _Stream] = MappingProxyType(
    {
        "contrats": _Stream(
            "contrat",
            (
                "id_sdg", "annee", "fiche", "payeur", "lien", "nom", "pnom",
                "rue", "ville", "code_post", "part", "nas",
            ),
            ("id_sdg", "annee", "fiche", "payeur"),
        ),
        "presences": _Stream(
            "presence",
            ("id_sdg", "fiche", "date", "type_jour", "statut", "heures_sup", "sortie"),
            ("id_sdg", "fiche", "date"),
        ),
        "paiements": _Stream(
            "paiement",
            ("no_recu", "id_sdg", "fiche", "payeur", "date", "montant", "mode"),
            ("no_recu",),
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Page:
    """One answer: its records as rows in the order of the columns, the next token, the total it claims."""

    rows: tuple[tuple[str | None, ...], ...]
    following: str | None
    total: int


class AvantGardeSource(Source):
    """`options`: ``user``; ``contract``, a folder that replaces the reference contract (see README.md)."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        folder = Path(installation.options.get("contract", Path(__file__).with_name("contract")))
        self._client = SoapClient(installation, folder / WSDL)

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        """Frames of about FRAME_ROWS rows. The window's school year is asked for as a calendar year."""
        asked = self._stream(stream)
        waiting: list[tuple[str | None, ...]] = []
        yielded = False
        for page in self._pages(stream, asked, window.school_year):
            waiting += page.rows
            if len(waiting) >= FRAME_ROWS:
                yield _frame(waiting, asked.columns)
                waiting, yielded = [], True
        if waiting or not yielded:
            yield _frame(waiting, asked.columns)

    def count(self, stream: str, window: Window) -> int:
        """The total that the service claims now."""
        return self._page(stream, self._stream(stream), window.school_year, None).total

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _pages(self, stream: str, asked: _Stream, year: int) -> Iterator[_Page]:
        page = self._page(stream, asked, year, None)
        total, seen, tokens = page.total, len(page.rows), set[str]()
        yield page
        while page.following is not None:
            if page.following in tokens or not page.rows or seen > total:
                self._refuse_paging(stream)
            tokens.add(page.following)
            page = self._page(stream, asked, year, page.following)
            seen += len(page.rows)
            if page.total != total:
                raise RetryableError(
                    f"{self.installation.system}/{stream}: the total changed during the pull. Pull again.",
                    f"{self.installation.system}/{stream} : le total a changé pendant la lecture."
                    " Relancez-la.",
                )
            yield page

    def _page(self, stream: str, asked: _Stream, year: int, token: str | None) -> _Page:
        arguments = {"flux": stream, "annee": year} | ({} if token is None else {"jeton": token})
        answer = self._client.element("ListerEnregistrements", **arguments)
        prefix = f"{{{etree.QName(answer).namespace}}}"
        total = answer.findtext(f"{prefix}total", "")
        if not total.isdecimal():
            self._refuse_field(stream, "total")
        rows = tuple(
            self._row(stream, asked, record, len(prefix))
            for record in answer.iterchildren(f"{prefix}{asked.record}")
        )
        return _Page(rows, answer.findtext(f"{prefix}jetonSuivant") or None, int(total))

    def _row(
        self, stream: str, asked: _Stream, record: etree._Element, prefix: int
    ) -> tuple[str | None, ...]:
        found = {field.tag[prefix:]: field.text for field in record}
        for name in found:
            if name not in asked.columns:
                self._refuse_field(stream, name)
        for name in asked.key:
            if not found.get(name):
                self._refuse_field(stream, name)
        return tuple(found.get(name) or None for name in asked.columns)

    def _stream(self, stream: str) -> _Stream:
        if stream not in STREAMS:
            raise ConfigurationError(
                f"{self.installation.system}/{stream}: no such stream. Choose among {', '.join(STREAMS)}.",
                f"{self.installation.system}/{stream} : flux inconnu. Choisissez parmi {', '.join(STREAMS)}.",
            )
        return STREAMS[stream]

    def _refuse_paging(self, stream: str) -> NoReturn:
        raise ConfigurationError(
            f"{self.installation.system}/{stream}: the pages never end (a token came twice, an empty page"
            " or more rows than the total). Ask the supplier.",
            f"{self.installation.system}/{stream} : les pages ne finissent pas (jeton répété, page vide"
            " ou plus de lignes que le total). Demandez au fournisseur.",
        )

    def _refuse_field(self, stream: str, field: str) -> NoReturn:
        raise ConfigurationError(
            f"{self.installation.system}/{stream}/{field}: this field is missing or is not in the contract."
            " Compare contract/garde.xsd with the supplier's version.",
            f"{self.installation.system}/{stream}/{field} : ce champ manque ou n'est pas au contrat."
            " Comparez contract/garde.xsd avec la version du fournisseur.",
        )


def _frame(rows: Sequence[tuple[str | None, ...]], columns: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
