"""Invents schools, groups, courses and marks by step. Course codes are those the public facts name only.

The English sector's own course codes are not in those facts, so the English board teaches the same
codes, except history of Secondary 4 (087404).
"""

import random
from datetime import date

from connectors.kit.province import names
from connectors.kit.province.model import CourseMark, School

LEVELS = (
    "PRESCHOOL4", "PRESCHOOL5", "PRIMARY1", "PRIMARY2", "PRIMARY3", "PRIMARY4", "PRIMARY5", "PRIMARY6",
    "SECONDARY1", "SECONDARY2", "SECONDARY3", "SECONDARY4", "SECONDARY5",
)  # fmt: skip
YOUNGEST = 4  # age on 30 September at the first level; one year more at each
PRESCHOOL_AND_PRIMARY = frozenset(LEVELS[:8])

_WEIGHTS = (10, 20, 20, 20, 20, 20, 20, 20, 19, 19, 19, 18, 18)  # four-year-olds are fewer
_CLASS_SIZE = 24
_CODES = (("NE", 0.006), ("ABS", 0.004), ("XMT", 0.001), ("INC", 0.001))
_MATHEMATICS_4 = (
    ("063414", "Mathématique CST 4"), ("064426", "Mathématique TS 4"), ("065426", "Mathématique SN 4"),
)  # fmt: skip
_MATHEMATICS_5 = (
    ("063504", "Mathématique CST 5"), ("064506", "Mathématique TS 5"), ("065506", "Mathématique SN 5"),
)  # fmt: skip
_ARTS_4 = (
    ("168402", "Arts plastiques 4"), ("169402", "Musique 4"), ("170402", "Art dramatique 4"),
    ("172402", "Danse 4"),
)  # fmt: skip
_SECONDARY = {
    "SECONDARY1": (
        ("132108", "Français 1"), ("134104", "Anglais 1"), ("063126", "Mathématique 1"),
        ("055104", "Science et technologie 1"), ("087103", "Histoire 1"),
    ),
    "SECONDARY2": (
        ("132208", "Français 2"), ("134204", "Anglais 2"), ("063226", "Mathématique 2"),
        ("055204", "Science et technologie 2"), ("087213", "Histoire 2"),
    ),
    "SECONDARY3": (
        ("132308", "Français 3"), ("134304", "Anglais 3"), ("063306", "Mathématique 3"),
        ("055306", "Science et technologie 3"), ("085304", "Histoire 3"),
    ),
    "SECONDARY4": (("132406", "Français 4"), ("134404", "Anglais 4")),
    "SECONDARY5": (
        ("132506", "Français 5"), ("080502", "Culture et citoyenneté québécoise 5"),
        ("043502", "Éducation physique 5"),
    ),
}  # fmt: skip


def levels(students: int) -> list[str]:
    """How many pupils each level has, written out: the shares of `_WEIGHTS`, exact at every size."""
    total = sum(_WEIGHTS)
    found: list[str] = []
    seen = 0
    for level, weight in zip(LEVELS, _WEIGHTS, strict=True):
        seen += weight
        found += [level] * (students * seen // total - len(found))
    return found


def schools(board: str, students: int) -> tuple[School, ...]:
    """Primary then secondary schools of a board; more of them when it has more pupils."""
    _, language, *_ = names.BOARDS[board]
    pool = names.SCHOOLS_FRENCH if language == "fr" else names.SCHOOLS_ENGLISH
    primary = min(90, 3 + students // 800)
    secondary = min(90, 2 + students // 2000)
    return tuple(
        School(
            local=f"{(10 if category == 'PRI' else 110) + rank:03d}",
            official=f"{board[:3]}{(10 if category == 'PRI' else 110) + rank:03d}",
            name=_school_name(pool, language, category, rank),
            category="PRI" if category == "PRI" else "SEC",
            key=4000 + (0 if category == "PRI" else 100) + rank,
        )
        for category, count in (("PRI", primary), ("SEC", secondary))
        for rank in range(count)
    )


def _school_name(pool: tuple[str, ...], language: str, category: str, rank: int) -> str:
    word = pool[(rank + (0 if category == "PRI" else 5)) % len(pool)]
    series = f" {rank // len(pool) + 1}" if rank >= len(pool) else ""
    if language == "fr":
        return f"École {'secondaire ' if category == 'SEC' else ''}{word}{series}"
    return f"{word} {'High School' if category == 'SEC' else 'Elementary School'}{series}"


def home_group(level: str, rank: int) -> str:
    """The class of the pupil who is `rank`-th of that level in that school: ``301``, ``M51`` in preschool."""
    number = rank // _CLASS_SIZE + 1
    return f"M{level[-1]}{number}" if level.startswith("PRESCHOOL") else f"{level[-1]}{number:02d}"


def marks(  # what the board has given by `day`: step 1 in mid-November, step 2 at the end of January
    rng: random.Random,
    *,
    level: str,
    language: str,
    group: str,
    year: int,
    day: date,
    period: tuple[date, date | None],
) -> tuple[CourseMark, ...]:
    """The pupil's marks by course. A step that closed before they came or after they left is absent."""
    enrolled, left = period
    closed = {1: date(year, 11, 14), 2: date(year + 1, 1, 30)}
    steps = [
        step for step, end in closed.items() if end < day and enrolled < end and (left is None or end <= left)
    ]
    ability = rng.gauss(74, 9)
    found = [
        CourseMark(course, title, units, group, {step: _mark(rng, ability) for step in steps})
        for course, title, units in _courses(rng, level, language)
    ]
    if level in ("SECONDARY4", "SECONDARY5") and steps and rng.random() < 0.02:
        again = found[rng.randrange(len(found))]  # a retake stands beside the regular course
        found.append(
            CourseMark(again.course, again.title, again.units, "R01", {steps[-1]: _mark(rng, ability)})
        )
    return tuple(found)


def _mark(rng: random.Random, ability: float) -> str:
    drawn = rng.random()
    for code, chance in _CODES:
        if drawn < chance:
            return code
        drawn -= chance
    return str(max(12, min(100, round(rng.gauss(ability, 6)))))


def _courses(rng: random.Random, level: str, language: str) -> list[tuple[str, str, int | None]]:
    if level.startswith("PRESCHOOL"):
        return []
    if level.startswith("PRIMARY"):
        year = level[-1]
        return [
            (f"{letters}{year}00", f"{title} {year}", None)
            for letters, title in (("FRA", "Français"), ("MAT", "Mathématique"), ("ANG", "Anglais"))
        ]
    chosen = list(_SECONDARY[level])
    if level == "SECONDARY4":
        history = ("087404" if language == "en" else "085404", "Histoire 4")
        science = rng.choice((("055444", "Science et technologie 4"), ("057416", "ATS 4")))
        chosen += [rng.choice(_MATHEMATICS_4), science, history, rng.choice(_ARTS_4)]
    if level == "SECONDARY5":
        english = rng.choice((("134504", "Anglais 5"), ("136506", "Anglais enrichi 5")))
        chosen += [english, rng.choice(_MATHEMATICS_5)]
    return [(course, title, int(course[-1])) for course, title in chosen]
