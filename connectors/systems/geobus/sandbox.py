"""A simulated Geobus: it drops one board's transport plan in a folder, each file first, its marker last.

Written from the reference contract. The files are Windows-1252, so a name's sign that this encoding lacks is
lost, as it is in life. It drops what-if plans too, which nobody may take for the official one.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from connectors.kit.province.defects import carriers
from connectors.kit.province.model import Pupil
from connectors.kit.province.transport import Block, Leg, Ride, Stop, transported
from connectors.kit.sandbox_system import SandboxSystem

_ENCODING = "windows-1252"
_FOREIGN = "rue Álvarez"  # in UTF-8 it holds a byte that Windows-1252 does not know
_POINT = ("codestop", "nomstop", "typestop", "hrepassage")
_LEG = (
    "ordre", "noparc", "nocirc", "indactive", *(f"emb_{name}" for name in _POINT),
    *(f"deb_{name}" for name in _POINT),
)  # fmt: skip
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "GEO_V_TRSP": (
        "Org", "Fiche", "Annee", "Simul", "Bloc", "Per", "IdAdr", "DroitTrsp",
        *(f"{name}_{order}" for order in range(1, 5) for name in _LEG),
    ),
    "GEO_E_ELE": (
        "Org", "Fiche", "Nom", "PNom", "CodePerm", "DateNais", "NomPere", "PNomPere", "NomMere", "PNomMere",
        "NomTuteur", "PNomTuteur",
    ),
    "GEO_E_BLOC": (
        "Org", "Fiche", "Annee", "Simul", "Bloc", "TypeAdrJade", "DateEffectJade", "TelTrav1", "TelTrav2", "Telecop",
    ),
    "GEO_E_ADR": (
        "Org", "Fiche", "Annee", "Simul", "Bloc", "IdAdr", "GenreAdr", "DateAppl", "NoCiv", "OrientRue", "GenreRue",
        "Rue", "Appart", "Ville", "Prov", "CodePost", "Longitude", "Latitude", "DistBat", "IndEnvoiMEQ",
    ),
    "GEO_B_BAT": ("Annee", "Simul", "Bat", "Nom"),
}  # fmt: skip
_Row = list[Any]


class Sandbox(SandboxSystem):
    """One board's drop folder, ``depot`` in its own folder.

    `planted`: the file number that carries each of its defects, by the defect's name.
    """

    demonstrated = False
    known_faults: ClassVar[dict[str, str]] = {
        "down": "nothing was dropped",
        "writing": "the marker of GEO_E_ADR is that of another content",
        "missing-column": "the header of GEO_V_TRSP says DroitTransp",
        "ragged": "the last line of GEO_E_BLOC is cut short",
    }

    @property
    def drop(self) -> Path:
        """The folder that the hub reads."""
        return self.folder / "depot"

    @cached_property
    def planted(self) -> Mapping[str, int]:
        """Defect to file number: ``stop-kind``, ``no-route``, ``not-a-time``, ``fifth-leg``, ``unknown-pupil``,
        ``encoding``.
        """
        riding = {pupil.fiche: blocks for pupil, blocks in self._riders}

        def rides(pupil: Pupil) -> bool:
            return any(ride.legs for block in riding.get(pupil.fiche, ()) for ride in block.rides)

        kinds = ("stop-kind", "no-route", "not-a-time", "fifth-leg", "unknown-pupil", "encoding")
        return carriers(
            self.province, self.province.board(self.organization), "geobus", dict.fromkeys(kinds, rides)
        )

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it needs no database
        """Drop the files of the province's day; the same province drops the same bytes."""
        self.drop.mkdir(exist_ok=True)
        for name, rows in self.contents().items():
            path = self.drop / f"{name}_{self.province.day.isoformat()}.csv"
            marker = path.with_name(f"{path.name}.sha256")
            if "down" in self.faults:
                path.unlink(missing_ok=True)
                marker.unlink(missing_ok=True)
                continue
            content = b"".join(self._lines(name, rows))
            told = content + (b"\n" if "writing" in self.faults and name == "GEO_E_ADR" else b"")
            digest = hashlib.sha256(told).hexdigest()
            said = f"{digest}  {path.name}\n# rows: {len(rows)}\n".encode()
            for place, text in ((path, content), (marker, said)):
                part = place.with_suffix(".part")
                part.write_bytes(text)
                part.replace(place)

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it is a folder
        """The folder as a ``file://`` URI; no secret."""
        return {
            "system": self.system,
            "address": self.drop.resolve().as_uri(),
            "secrets": {},
            "options": {},
        }

    def contents(self) -> dict[str, list[_Row]]:
        """The rows of every file, each official plan followed by a few of a what-if copy."""
        board, year = self.province.board(self.organization), self.province.school_year
        unknown = self.planted.get("unknown-pupil")
        found: dict[str, list[_Row]] = {name: [] for name in _HEADERS}
        for pupil, blocks in self._riders:
            if pupil.fiche != unknown:
                found["GEO_E_ELE"].append(_pupil(board.code, pupil))
            for block in blocks:
                plans = ("0", "1") if pupil.fiche % 20 == 0 else ("0",)
                for simul in plans:
                    start: _Row = [board.code, pupil.fiche, year, simul, block.number]
                    found["GEO_E_BLOC"].append([*start, block.kind, block.since, "5145550100", "", ""])
                    found["GEO_E_ADR"].append([*start, *_address(block)])
                    found["GEO_V_TRSP"] += self._rides(pupil, block, start)
        found["GEO_B_BAT"] = [[year, "0", school.local, school.name] for school in board.schools]
        return found

    @cached_property
    def _riders(self) -> tuple[tuple[Pupil, tuple[Block, ...]], ...]:
        board = self.province.board(self.organization)
        found = ((pupil, transported(self.province, board, pupil)) for pupil in board.pupils)
        return tuple((pupil, blocks) for pupil, blocks in found if blocks)

    def _rides(self, pupil: Pupil, block: Block, start: _Row) -> Iterator[_Row]:
        """One row a trip; a fifth leg, which the view has no place for, gives the row twice."""
        for number, ride in enumerate(block.rides):
            row = [*start, ride.trip, 1, "1", *_legs(ride)]
            if number == 0 and block.number == 1:
                self._spoil(pupil.fiche, row)
            yield row
            if number == 0 and block.number == 1 and pupil.fiche == self.planted.get("fifth-leg"):
                yield row

    def _spoil(self, fiche: int, row: _Row) -> None:
        """Plant in the first leg what this pupil carries."""
        first = len(row) - 4 * len(_LEG)
        if fiche == self.planted.get("stop-kind"):
            row[first + _LEG.index("emb_typestop")] = "2"
        if fiche == self.planted.get("no-route"):
            row[first + _LEG.index("noparc")] = None
        if fiche == self.planted.get("not-a-time"):
            row[first + _LEG.index("emb_hrepassage")] = 775

    def _lines(self, name: str, rows: Sequence[_Row]) -> Iterator[bytes]:
        header = _line(_HEADERS[name])
        if name == "GEO_V_TRSP" and "missing-column" in self.faults:
            header = header.replace("DroitTrsp", "DroitTransp")
        yield header.encode(_ENCODING)
        foreign = self.planted.get("encoding")
        for position, row in enumerate(rows, start=1):
            if name == "GEO_E_ADR" and row[1] == foreign:
                yield _line([*row[:11], _FOREIGN, *row[12:]]).encode()
                continue
            line = _line(row)
            if name == "GEO_E_BLOC" and "ragged" in self.faults and position == len(rows):
                line = ";".join(line.split(";")[:3]) + "\n"
            yield line.encode(_ENCODING, "replace")


def _pupil(board: str, pupil: Pupil) -> _Row:
    people: list[str | None] = []
    for relation in ("father", "mother", "tutor"):
        found = [guardian for guardian in pupil.guardians if guardian.relation == relation]
        people += [found[0].family_name, found[0].given_name] if found else [None, None]
    names = [pupil.family_name, pupil.given_name]
    return [board, pupil.fiche, *names, pupil.code_permanent, pupil.birth_date, *people]


def _address(block: Block) -> _Row:
    guardian = block.guardian
    civic, street = guardian.street.replace(",", "").split(" ", 1)
    main = "1" if block.number == 1 else "0"
    place = [guardian.city, "QC", guardian.postal_code]
    return [1, "1", block.since, civic, None, None, street, None, *place, "-73.6", "45.5", "1.25", main]


def _legs(ride: Ride) -> Iterator[Any]:
    """The four legs side by side; those that the trip has not are empty."""
    for order in range(4):
        yield from _leg(ride.legs[order]) if order < len(ride.legs) else [None] * len(_LEG)


def _leg(leg: Leg) -> _Row:
    return [leg.order, leg.route, leg.circuit, "1", *_stop(leg.home_side), *_stop(leg.school_side)]


def _stop(stop: Stop) -> _Row:
    return [stop.code, stop.name, stop.kind, stop.passes_at]


def _line(fields: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n").writerow(fields)
    return text.getvalue()
