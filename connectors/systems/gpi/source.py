"""Reads one board's GPI: pupils, annual files, schools, courses and marks of one school year.

Never reads the forecast year that GPI holds beside the current one, nor another board's rows. An annual
file whose school is in no year's list is read all the same, so that it is quarantined and not lost.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from connectors.kit import contract
from connectors.kit.installation import Installation
from connectors.kit.protocol import Source, Window
from connectors.kit.sql import Reader

CONTRACT = Path(__file__).parent / "contract" / "tables.yaml"

_OF_THE_YEAR = (
    "exists (select 1 from [gpm_t_eco] where [gpm_t_eco.id_eco] = [{stream}.id_eco]"
    " and [gpm_t_eco.org] = %(org)s and [gpm_t_eco.annee] = %(year)s)"
)
_OF_NO_LISTED_SCHOOL = (
    "not exists (select 1 from [gpm_t_eco] where [gpm_t_eco.id_eco] = [{stream}.id_eco])"
    " and exists (select 1 from [gpm_e_ele]"
    " where [gpm_e_ele.fiche] = [{stream}.fiche] and [gpm_e_ele.org] = %(org)s)"
)
# stream: condition, order
_STREAMS = {
    "gpm_t_eco": ("[gpm_t_eco.org] = %(org)s and [gpm_t_eco.annee] = %(year)s", ("id_eco",)),
    "gpm_e_ele": ("[gpm_e_ele.org] = %(org)s", ("org", "fiche")),
    "gpm_e_dan": (f"({_OF_THE_YEAR}) or ({_OF_NO_LISTED_SCHOOL})", ("fiche", "id_eco")),
    "gpm_t_mat": (_OF_THE_YEAR, ("id_eco", "mat")),
    "gpm_e_mat_ele": (_OF_THE_YEAR, ("id_mat_ele",)),
}


class GpiSource(Source):
    """One pull of one board's GPI: all its streams see the same snapshot of the database."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._reader = Reader(installation, contract.of(installation, CONTRACT))

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        """Rows of one stream of the window's school year, in the order of its key."""
        condition, order = _STREAMS[stream]
        return self._reader.read(
            stream,
            condition=condition.format(stream=stream),
            order=order,
            parameters=self._parameters(window),
        )

    def count(self, stream: str, window: Window) -> int:
        """How many rows the same snapshot holds."""
        condition, _ = _STREAMS[stream]
        return self._reader.count(
            stream, condition=condition.format(stream=stream), parameters=self._parameters(window)
        )

    def close(self) -> None:
        """End the snapshot."""
        self._reader.close()

    def _parameters(self, window: Window) -> dict[str, object]:
        return {"org": self.installation.organization, "year": window.school_year}
