"""Makes the invented province. The same seed, size and day give the same province, byte for byte.

Refuses a day it has no school year for, and a number of boards it does not know.
"""

import random
from datetime import date, timedelta

from connectors.kit.province import answers, daycare, defects, names, people, schooling
from connectors.kit.province.model import Board, Province, Pupil, School

_SEX = ("F",) * 496 + ("M",) * 501 + ("X",) * 3  # per thousand
_REPEATS = 0.03  # pupils who do a level again: a year older than the others
_NO_CODE_YET = 0.01  # accepted: a code permanent may be missing for weeks


def generate(seed: int, *, students: int, boards: int, day: date) -> Province:
    """A province of `students` pupils in all, over the first `boards` boards of `names.BOARDS`, as of `day`.

    Raises ValueError when there are fewer students than boards, or more boards than are known.
    """
    codes = tuple(names.BOARDS)[:boards]
    if not 1 <= boards <= len(names.BOARDS) or students < boards:
        msg = f"province: 1 to {len(names.BOARDS)} boards and at least one student each. Change the numbers."
        raise ValueError(msg)
    year = day.year - 1 if day.month <= 6 else day.year
    used: set[str] = set()
    total = sum(names.BOARDS[code][2] for code in codes)
    made: list[Board] = []
    seen = 0
    for code in codes:
        before, seen = seen, seen + names.BOARDS[code][2]
        share = students * seen // total - students * before // total
        made.append(_board(random.Random(f"{seed}/{code}"), code, share, year=year, day=day, used=used))
    planted, found = defects.plant(
        random.Random(f"{seed}/defects"), tuple(made), students=students, year=year
    )
    return Province(seed, day, year, planted, found)


def _board(rng: random.Random, code: str, students: int, *, year: int, day: date, used: set[str]) -> Board:
    name, language, *_ = names.BOARDS[code]
    schools = schooling.schools(code, students)
    receipts = daycare.Receipts()
    families: list[people.Family] = []
    ranks: dict[tuple[str, str], int] = {}
    fiche = 1_200_000
    pupils = []
    for number, level in enumerate(schooling.levels(students)):
        fiche += rng.randrange(1, 4)
        school = _school(schools, level, number)
        rank = ranks[school.local, level] = ranks.get((school.local, level), -1) + 1
        pupils.append(
            _pupil(
                rng,
                fiche,
                level,
                school,
                schooling.home_group(level, rank),
                board=code,
                year=year,
                day=day,
                used=used,
                families=families,
                receipts=receipts,
            )
        )
    return Board(code, name, "fr" if language == "fr" else "en", schools, tuple(pupils))


def _school(schools: tuple[School, ...], level: str, number: int) -> School:
    category = "PRI" if level in schooling.PRESCHOOL_AND_PRIMARY else "SEC"
    fitting = [school for school in schools if school.category == category]
    return fitting[number % len(fitting)]


def _pupil(
    rng: random.Random,
    fiche: int,
    level: str,
    school: School,
    home_group: str,
    *,
    board: str,
    year: int,
    day: date,
    used: set[str],
    families: list[people.Family],
    receipts: daycare.Receipts,
) -> Pupil:
    age = schooling.YOUNGEST + schooling.LEVELS.index(level)
    repeats = not level.startswith("PRESCHOOL") and rng.random() < _REPEATS
    born = people.birth_date(rng, year, age + repeats)
    sex = rng.choice(_SEX)
    family = people.family(rng, families, used, board=board, born=born)
    given_name = people.given_name(rng, family.language, sex)
    permanent = None
    if rng.random() >= _NO_CODE_YET:
        permanent = people.code_permanent(
            rng, used, family_name=family.family_name, given_name=given_name, born=born, sex=sex
        )
    enrolled, left = _stay(rng, year, day)
    in_care = family.uses_daycare and level in schooling.PRESCHOOL_AND_PRIMARY
    ordinary = enrolled.month == 8 and left is None
    return Pupil(
        fiche=fiche,
        family_name=family.family_name,
        given_name=given_name,
        birth_date=born,
        sex=sex,  # type: ignore[arg-type]  # one of _SEX
        code_permanent=permanent,
        school=school,
        level=level,
        home_group=home_group,
        enrolled_on=enrolled,
        left_on=left,
        guardians=family.guardians,
        custody="shared" if family.custody == "shared" else "together",
        marks=schooling.marks(
            rng, level=level, language=names.BOARDS[board][1], group=home_group, year=year, day=day,
            period=(enrolled, left),
        ),
        care=daycare.care(
            rng, receipts, family, daycare=f"{board[:3]}01", year=year, level=level, day=day
        )
        if in_care and ordinary
        else None,
        answer=answers.answer(rng, number=f"C{board[:3]}-{fiche}", year=year, day=day)
        if level == "SECONDARY5" and ordinary
        else None,
    )  # fmt: skip


def _stay(rng: random.Random, year: int, day: date) -> tuple[date, date | None]:
    """First day and, for a few, the day they left: most from August on, some after the census."""
    drawn = rng.random()
    enrolled = date(year, 8, 27) + timedelta(days=rng.randrange(3))
    left = None
    if drawn < 0.015:
        enrolled = date(year, 9, 3) + timedelta(days=rng.randrange(25))
    elif drawn < 0.030:
        enrolled = date(year, 10, 2) + timedelta(days=rng.randrange(110))
    elif drawn < 0.037:
        left = date(year, 9, 8) + timedelta(days=rng.randrange(18))
    elif drawn < 0.052:
        left = date(year, 10, 10) + timedelta(days=rng.randrange(110))
    enrolled = min(enrolled, day)
    return enrolled, left if left is not None and left <= day else None
