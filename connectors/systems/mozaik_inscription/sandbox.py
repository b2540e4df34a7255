"""A simulated Mozaïk-Inscription: it drops one board's answers in a folder, file first, marker last.

Written from the reference contract. The line of a pupil with the defect ``windows-1252`` is written in
that encoding, as a clerk's spreadsheet would, in a file that is UTF-8 for the rest.
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from connectors.kit.province.model import Answer, Pupil
from connectors.kit.sandbox_system import SandboxSystem

_HEADER = (
    "no_consentement", "fiche", "destinataire", "finalite", "categories", "reponse", "repondant",
    "nom_repondant", "date_reponse", "date_debut", "date_fin", "distinct",
)  # fmt: skip
_CATEGORIES = {"identity": "identite", "results_local": "resultats"}


class Sandbox(SandboxSystem):
    """One board's drop folder, ``depot`` in its own folder."""

    known_faults: ClassVar[dict[str, str]] = {
        "down": "nothing was dropped",
        "writing": "the marker is that of another content",
        "missing-column": "the header says destinatair",
        "ragged": "the last line is cut short",
    }

    @property
    def drop(self) -> Path:
        """The folder that the hub reads."""
        return self.folder / "depot"

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it needs no database
        """Drop the file of the province's day; the same province drops the same bytes."""
        self.drop.mkdir(exist_ok=True)
        path = self.drop / f"consentements_{self.province.day.isoformat()}.csv"
        marker = path.with_name(f"{path.name}.sha256")
        if "down" in self.faults:
            path.unlink(missing_ok=True)
            marker.unlink(missing_ok=True)
            return
        lines = list(self._lines())
        content = b"".join(lines)
        told = content + (b"\n" if "writing" in self.faults else b"")
        digest = hashlib.sha256(told).hexdigest()
        for place, text in ((path, content), (marker, _marker(digest, path.name, len(lines) - 1))):
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

    def _lines(self) -> Iterator[bytes]:
        header = _line(_HEADER)
        yield (
            header.replace("destinataire", "destinatair") if "missing-column" in self.faults else header
        ).encode()
        board = self.province.board(self.organization)
        other_encoding = self.province.defects_of(board.code, "windows-1252")
        answered = [(pupil.answer, pupil) for pupil in board.pupils if pupil.answer is not None]
        for position, (answer, pupil) in enumerate(
            sorted(answered, key=lambda item: item[0].number), start=1
        ):
            line = _line(_fields(answer, pupil))
            if "ragged" in self.faults and position == len(answered):
                line = ";".join(line.split(";")[:3]) + "\n"
            encoding = "windows-1252" if pupil.fiche in other_encoding else "utf-8"
            yield line.encode(encoding, "replace")


def _fields(answer: Answer, pupil: Pupil) -> tuple[str, ...]:
    who = pupil if answer.giver == "student" else pupil.guardians[0]
    return (
        answer.number,
        f"{pupil.fiche:07d}",
        answer.recipient,
        "ADM",
        ",".join(_CATEGORIES[section] for section in answer.sections),
        "O" if answer.given else "N",
        "E" if answer.giver == "student" else "P",
        f"{who.given_name} {who.family_name}",
        answer.given_on.isoformat(),
        answer.start.isoformat(),
        answer.end.isoformat(),
        "O" if answer.distinct else "N",
    )


def _line(fields: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n").writerow(fields)
    return text.getvalue()


def _marker(digest: str, name: str, rows: int) -> bytes:
    return f"{digest}  {name}\n# rows: {rows}\n".encode()
