"""Progress towards the secondary diploma: a check list made of ministry results. It shows; it never awards.

The requirements are dated data (`parameters/des_<regime>_<language>.<day>.yaml`; facts/quebec-education.md
§6.4). What no public source says is not assumed: units of vocational courses count in the total and not in
Secondary 5, and a passed course without units is not counted; both are told by a warning.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal

from canonical_model import codings, dated
from canonical_model.codings import Coding
from canonical_model.resources.diploma_progress import DiplomaProgress, DiplomaRequirement, ProgressWarning
from canonical_model.resources.ministry_result import MinistryResult
from canonical_model.subjects import Identifier


@dataclass(frozen=True, slots=True)
class Alternative:
    """`units` to obtain among `courses`; None is any course."""

    units: int
    courses: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the check list: one of its alternatives is enough."""

    name: str
    french: str
    english: str
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """A mark that each of these exam parts is expected to reach; under it, a warning."""

    mark: Decimal
    parts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Requirements:
    """What one regime asks, in one version."""

    version: str
    credential: str
    regime: str
    pass_mark: Decimal
    total: Line
    secondary_5: Line
    lines: tuple[Line, ...]
    floors: tuple[Floor, ...]


def requirements(
    regime: str, language: Literal["french", "english"], day: date, *, folder: Path = dated.FOLDER
) -> Requirements:
    """The requirements in force on `day` for pupils taught in `language`.

    Raises ConfigurationError when no file holds them: those of pupils taught in English are not public.
    """
    data = dated.in_force(f"des_{regime.lower()}_{language}", day, folder=folder)

    def line(name: str, entry: dict[str, str], *alternatives: Alternative) -> Line:
        return Line(name, entry["fr"], entry["en"], alternatives)

    return Requirements(
        version=data["version"],
        credential=data["credential"],
        regime=data["regime"],
        pass_mark=Decimal(data["pass_mark"]),
        total=line("total", data["total"], Alternative(int(data["total"]["units"]), None)),
        secondary_5=line(
            "secondary_5", data["secondary_5"], Alternative(int(data["secondary_5"]["units"]), None)
        ),
        lines=tuple(
            line(
                name,
                entry,
                *(Alternative(int(one["units"]), frozenset(one["courses"])) for one in entry["alternatives"]),
            )
            for name, entry in data["requirements"].items()
        ),
        floors=tuple(Floor(Decimal(one["mark"]), frozenset(one["parts"])) for one in data["floors"]),
    )


def progress(
    results: Iterable[MinistryResult],
    wanted: Requirements,
    *,
    subject: tuple[Identifier, ...],
    organization: str,
    as_of: date,
    attestation_courses: frozenset[str] = frozenset(),
) -> DiplomaProgress:
    """The check list of one pupil, from the results retrieved up to `as_of`.

    A course counts once, however often it was passed. `attestation_courses`: those taken in an AFP
    programme, which count for nothing.
    """
    known = _latest(result for result in results if result.retrieved_at.date() <= as_of)
    passed = [
        result
        for result in known
        if result.competency is None
        and result.course not in attestation_courses
        and _passed(result, wanted.pass_mark)
    ]
    units: dict[str, int] = {}
    for result in passed:
        units[result.course] = max(result.units or 0, units.get(result.course, 0))
    vocational = {result.course for result in passed if _vocational(result)}
    fifth = {course: n for course, n in units.items() if _year(course) == 5 and course not in vocational}
    senior = fifth | {course: n for course, n in units.items() if _year(course) == 4 or course in vocational}
    checked = (
        _checked(wanted.total, senior),
        _checked(wanted.secondary_5, fifth),
        *(_checked(line, units) for line in wanted.lines),
    )
    found: set[ProgressWarning] = set()
    if any(n == 0 and not _is_part(course) for course, n in units.items()):
        found.add("units-unknown")
    if any(units[course] for course in vocational):
        found.add("vocational-year-unknown")
    if any(_under(floor, known) for floor in wanted.floors):
        found.add("part-below-floor")
    return DiplomaProgress(
        subject=subject,
        organization=organization,
        kind=_coding(wanted.credential, as_of),
        regime=wanted.regime,
        parameters=wanted.version,
        as_of=as_of,
        requirements=checked,
        warnings=tuple(sorted(found)),
        complete=all(line.met for line in checked),
    )


def _coding(credential: str, day: date) -> Coding:
    listed = codings.in_force("credential_type", day)
    return Coding(system=listed.system, version=listed.version, code=credential)


def _latest(results: Iterable[MinistryResult]) -> tuple[MinistryResult, ...]:
    """One result of each course and sitting: the one retrieved last; in any order they come."""
    found: dict[tuple[object, ...], MinistryResult] = {}
    for result in sorted(results, key=lambda item: (item.retrieved_at, item.model_dump_json())):
        place = (result.school, result.course, result.competency, result.sitting_year, result.sitting_month)
        found[place] = result
    return tuple(found.values())


def _passed(result: MinistryResult, pass_mark: Decimal) -> bool:
    """By the Ministry's own indicator; without it, by the final mark. An absent mark is no success."""
    if result.outcome is not None:
        return _succeeds(result.outcome)
    if result.final is None:
        return False
    if result.final.number is not None:
        return result.final.number >= pass_mark
    return result.final.code is not None and _succeeds(result.final.code)


def _succeeds(coding: Coding) -> bool:
    found = codings.lookup(coding.system, coding.code, coding.version)
    return found is not None and found.counts_as_success is True


def _vocational(result: MinistryResult) -> bool:
    return result.sector is not None and result.sector.code == "vocational"


def _year(course: str) -> int | None:
    """Secondary year, from the fourth digit; none for a primary course, which has letters."""
    return int(course[3]) if len(course) == 6 and course.isdecimal() else None


def _is_part(course: str) -> bool:
    """An exam part or a competency, which carries no unit: its code ends in 0."""
    return course.endswith("0")


def _under(floor: Floor, known: Iterable[MinistryResult]) -> bool:
    """Whether the best known mark of one of the parts is under the floor; an unknown one is not."""
    best: dict[str, Decimal] = {}
    for result in known:
        if result.course in floor.parts and result.final is not None and result.final.number is not None:
            best[result.course] = max(result.final.number, best.get(result.course, Decimal(0)))
    return any(mark < floor.mark for mark in best.values())


def _checked(line: Line, units: Mapping[str, int]) -> DiplomaRequirement:
    """The line with what was obtained, by the alternative that is met or else the nearest to it."""

    def obtained(one: Alternative) -> dict[str, int]:
        return {
            course: n for course, n in units.items() if n and (one.courses is None or course in one.courses)
        }

    def nearness(one: Alternative) -> Fraction:
        return min(Fraction(1), Fraction(sum(obtained(one).values()), one.units))

    best = max(line.alternatives, key=nearness)
    courses = obtained(best)
    return DiplomaRequirement(
        requirement=line.name,
        french=line.french,
        english=line.english,
        units_required=best.units,
        units_obtained=sum(courses.values()),
        courses=tuple(sorted(courses)),
        met=sum(courses.values()) >= best.units,
    )
