"""A hub that knows two pupils, and a real drop folder that its door reads: the smallest honest way in."""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gateway import intake
from gateway.store import digest, exchanges
from gateway.store.hub import Hub
from tests.conftest import MOMENT
from tests.school import School

DAY = date(2026, 2, 16)
SYSTEM = "mozaik_inscription@762000"
MAPPING = "mozaik_inscription/consent@1"
HEADER = (
    "no_consentement;fiche;destinataire;finalite;categories;reponse;repondant;nom_repondant;date_reponse;"
    "date_debut;date_fin;distinct"
)


@dataclass(frozen=True)
class Line:
    """One answer in the file. `extra` is written at the end of the line."""

    number: str
    fiche: str = "0000001"
    recipient: str = "916000"
    answer: str = "O"
    end: str = "2026-09-01"
    extra: str = ""

    @property
    def good(self) -> bool:
        """Whether it should be stored, if its number comes once."""
        return (
            bool(self.number)
            and self.fiche in ("0000001", "0000002")
            and self.recipient == "916000"
            and self.answer in "ON"
            and self.end == "2026-09-01"
            and not self.extra
        )

    def text(self) -> str:
        """As the portal writes it."""
        return (
            f"{self.number};{self.fiche};{self.recipient};ADM;identite,resultats;{self.answer};E;;2025-11-03;"
            f"2025-11-03;{self.end};O{self.extra}"
        )


class Door:
    """Drops files and takes them in. `held`: the good lines that were ever taken in, by number."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub, self.folder = hub, folder
        self.held: dict[str, Line] = {}
        self._runs = itertools.count()
        folder.mkdir()
        hub.settings.site_folder.mkdir()
        (hub.settings.site_folder / "systems.yaml").write_text(
            f"- {{system: {SYSTEM}, address: {folder.as_uri()}}}\n"
        )
        school = School(hub)
        school.pupil(1)
        school.pupil(2)

    def drop(self, lines: Sequence[Line]) -> None:
        """The day's file and its marker."""
        content = "\n".join([HEADER, *(line.text() for line in lines)]).encode("latin-1") + b"\n"
        path = self.folder / f"consentements_{DAY}.csv"
        path.write_bytes(content)
        marker = f"{hashlib.sha256(content).hexdigest()}  {path.name}\n# rows: {len(lines)}\n"
        path.with_name(f"{path.name}.sha256").write_text(marker)

    def fetch(self, run: str) -> str:
        return intake.fetch(self.hub, system=SYSTEM, run=run, day=DAY, school_year=2025, moment=MOMENT)

    def admit(self, run: str) -> list[str]:
        return intake.admit(self.hub, board="762000", run=run, moment=MOMENT)

    def read(self, run: str | None = None) -> dict[str, Any]:
        """The whole way in, under a new run. Returns what was counted."""
        run = run or f"run-{next(self._runs)}"
        exchange = self.fetch(run)
        assert exchange == intake.translate(self.hub, exchange=exchange, moment=MOMENT)
        assert [exchange] == self.admit(run)
        counts: dict[str, Any] = self.row(exchange).counts["mappings"][MAPPING]
        return counts

    def row(self, exchange: str) -> Any:
        """The exchange as it is kept."""
        with self.hub.transaction() as connection:
            return exchanges.find(connection, exchange)

    def count(self, statement: str) -> int:
        with self.hub.transaction() as connection:
            return int(connection.scalar(sa.text(statement)) or 0)

    def known(self) -> str:
        """The digest over what the hub knows."""
        with self.hub.transaction() as connection:
            return digest.digest(connection, self.hub.keys)
