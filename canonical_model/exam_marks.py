"""The published rule of the final mark of a ministry exam: to compare and warn. Never writes a mark.

Final = w·exam + (1 - w)·moderated; an exam mark above the moderated mark is the final one
(facts/quebec-education.md §6.1). The weight w changes by year, course and competency: dated data; where it
is not known, nothing is computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from canonical_model import dated
from canonical_model.errors import ConfigurationError
from canonical_model.resources.ministry_result import MinistryResult

ANY = "*"

Verdict = Literal["agrees", "differs", "not-checkable"]


@dataclass(frozen=True, slots=True)
class ExamWeights:
    """One version of the table (school year, course, competency) → weight, 0 to 1; None where unknown."""

    version: str
    cells: Mapping[tuple[int, str, str], Decimal | None]

    def of(self, school_year: int, course: str, competency: str | None = None) -> Decimal:
        """The weight of the exam. Raises ConfigurationError where the table has none."""
        for key in ((course, competency or ANY), (course, ANY), (ANY, ANY)):
            if (school_year, *key) in self.cells:
                if (found := self.cells[school_year, *key]) is not None:
                    return found
                break  # an empty cell says unknown: a broader row does not speak for it
        raise ConfigurationError(
            f"exam_weight@{self.version}: no weight for {school_year}, course {course}. "
            "Add a later file with the weight and its source.",
            f"exam_weight@{self.version} : aucune pondération pour {school_year}, cours {course}. "
            "Ajoutez un fichier plus récent avec la pondération et sa source.",
        )


def exam_weights(day: date, *, folder: Path = dated.FOLDER) -> ExamWeights:
    """The table in force on `day`. Raises ConfigurationError when there is none or a cell is not 0 to 1."""
    data = dated.in_force("exam_weight", day, folder=folder)
    cells: dict[tuple[int, str, str], Decimal | None] = {}
    for row in data["weights"]:
        weight = Decimal(row["weight"]) if row["weight"] else None
        if weight is not None and not 0 <= weight <= 1:
            raise ConfigurationError(
                f"exam_weight@{data['version']}: a weight of {row['school_year']} is not 0 to 1. Correct it.",
                f"exam_weight@{data['version']} : une pondération de {row['school_year']} n'est pas entre 0 et 1. "
                "Corrigez-la.",
            )
        cells[int(row["school_year"]), row["course"], row["competency"]] = weight
    return ExamWeights(data["version"], MappingProxyType(cells))


def expected_final(moderated: Decimal, exam: Decimal, weight: Decimal) -> Decimal:
    """The final mark, rounded to the unit (half up), that the published rule gives.

    `exam` is the converted mark, or the raw one when nothing was converted.
    """
    final = exam if exam > moderated else weight * exam + (1 - weight) * moderated
    return final.quantize(Decimal(1), ROUND_HALF_UP)


def check_final(result: MinistryResult, weight: Decimal) -> Verdict:
    """Whether the final mark that the Ministry returned is the one the published rule gives.

    ``differs`` is a warning for a person to look at: the Ministry's mark stands. ``not-checkable``: a mark is
    absent, or is a code.
    """
    moderated, exam, final = (
        mark.number if mark is not None else None
        for mark in (result.school_moderated, result.exam_converted or result.exam_raw, result.final)
    )
    if moderated is None or exam is None or final is None:
        return "not-checkable"
    return "agrees" if final == expected_final(moderated, exam, weight) else "differs"
