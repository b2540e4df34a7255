"""Invents what a board told the Ministry of its pupils, and what came back. Changes no pupil of the province.

Everything is drawn from streams of its own, one a pupil, named by the seed, the board and the file number:
what is added here moves nothing that `generate` makes. Amounts and weights of marks are invented.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from connectors.kit.province import names
from connectors.kit.province.model import Board, Guardian, Province, Pupil, School

_NEWCOMERS = 0.03  # who were in another board the year before
_MOVES_SCHOOL = 0.02  # who change schools after the census
_MOVES_HOME = 0.05  # whose next address is known already
_SEPARATED_LATELY = 0.3  # of those in shared custody: they lived together before
_RECEIVED_AGAIN = 0.05  # results that came twice; the later one counts
_ABSENT = 0.02
_MARKING = timedelta(days=18)  # from the sitting to the day its results are received
# who did Secondary 4 last year passed these in June: course and units (facts/quebec-education.md §6)
_EXAMS = (
    (("063414", 4), ("064426", 6), ("065426", 6)),
    (("055444", 4), ("057416", 6)),
)
_HISTORY = {"fr": ("085404", 4), "en": ("087404", 4)}
_YOUNGEST = {"SECONDARY4": 15, "SECONDARY5": 16}  # age on 30 September of who does not repeat


@dataclass(frozen=True, slots=True)
class Frequentation:
    """`kind`: FIN counted at the census, FRE attended after it. `end`: the last day, or None."""

    year: int
    number: int
    kind: Literal["FIN", "FRE"]
    school: School
    start: date
    end: date | None


@dataclass(frozen=True, slots=True)
class Sitting:
    """One course at one sitting, each time it was received. `marks`: school raw and moderated, exam raw and
    converted, final; text, a number or a code. `school`: official code, perhaps another board's.
    """

    course: str
    units: int
    school: str
    year: int
    month: int
    marks: tuple[str, str, str, str, str]
    passed: bool
    received: tuple[date, ...]

    @property
    def school_year(self) -> int:
        """January and June belong to the school year that began the year before."""
        return self.year - 1


@dataclass(frozen=True, slots=True)
class Home:
    """A dated address. `kind`: 1 both parents, 2 father, 3 mother, 4 tutor. `end`: the first day out."""

    kind: Literal["1", "2", "3", "4"]
    start: date
    end: date | None
    street: str
    city: str
    postal_code: str
    main: bool


@dataclass(frozen=True, slots=True)
class Declared:
    """All of one pupil. `examined`: whether a diploma was looked into last year, and not granted."""

    frequentations: tuple[Frequentation, ...]
    sittings: tuple[Sitting, ...]
    homes: tuple[Home, ...]
    examined: bool


def declared(province: Province, board: Board, pupil: Pupil) -> Declared:
    """What the board declared of one of its pupils and received about them up to the province's day."""
    rng = random.Random(f"{province.seed}/declared/{board.code}/{pupil.fiche}")
    year = province.school_year
    newcomer = rng.random() < _NEWCOMERS
    before = [] if newcomer else list(_year_before(rng, board, pupil, year - 1))
    now = list(_this_year(rng, board, pupil, year))
    return Declared(
        frequentations=(*before, *now),
        sittings=tuple(_sittings(rng, board, pupil, year, province.day, newcomer=newcomer)),
        homes=tuple(_homes(rng, pupil, year)),
        examined=pupil.level == "SECONDARY5" and _repeats(pupil, year) and not newcomer,
    )


def _year_before(rng: random.Random, board: Board, pupil: Pupil, year: int) -> Iterator[Frequentation]:
    if pupil.level == "PRESCHOOL4" or (pupil.level == "PRESCHOOL5" and rng.random() < 0.5):
        return
    school = pupil.school
    if pupil.level == "SECONDARY1":
        school = rng.choice([found for found in board.schools if found.category == "PRI"])
    yield Frequentation(year, 1, "FIN", school, date(year, 8, 28), date(year + 1, 6, 30))


def _this_year(rng: random.Random, board: Board, pupil: Pupil, year: int) -> Iterator[Frequentation]:
    """Nothing for who left before the census; FRE alone for who came after it."""
    census = date(year, 9, 30)
    counted = pupil.enrolled_on <= census
    if counted and pupil.left_on is not None and pupil.left_on <= census:
        return
    others = [
        found for found in board.schools if found.category == pupil.school.category and found != pupil.school
    ]
    moves = counted and pupil.left_on is None and bool(others) and rng.random() < _MOVES_SCHOOL
    if counted:
        yield Frequentation(year, 1, "FIN", pupil.school, pupil.enrolled_on, pupil.left_on)
    else:
        yield Frequentation(year, 1, "FRE", pupil.school, pupil.enrolled_on, pupil.left_on)
    if moves:  # counted where they were at the census; GPI's school is where they are now
        left = census + timedelta(days=rng.randrange(10, 90))
        yield Frequentation(year, 2, "FRE", rng.choice(others), census + timedelta(days=1), left)
        yield Frequentation(year, 3, "FRE", pupil.school, left + timedelta(days=1), None)


def _repeats(pupil: Pupil, year: int) -> bool:
    born = pupil.birth_date
    age = year - born.year - ((9, 30) < (born.month, born.day))
    return age > _YOUNGEST.get(pupil.level, 99)


def _sittings(
    rng: random.Random, board: Board, pupil: Pupil, year: int, day: date, *, newcomer: bool
) -> Iterator[Sitting]:
    """June of Secondary 4, and January for who failed then."""
    if pupil.level != "SECONDARY5" and not (pupil.level == "SECONDARY4" and _repeats(pupil, year)):
        return
    elsewhere = next(code for code in names.BOARDS if code != board.code)
    own = pupil.school.official
    ability = rng.gauss(58 if _repeats(pupil, year) else 73, 9)
    for course, units in (*map(rng.choice, _EXAMS), _HISTORY[board.language]):
        june = _sitting(
            rng,
            course,
            units,
            school=f"{elsewhere[:3]}110" if newcomer else own,
            on=date(year, 6, 20),
            ability=ability,
        )
        again = date(year + 1, 1, 20)
        if june.received[0] < day:
            yield june
        if not june.passed and again + _MARKING < day and rng.random() < 0.6:
            yield _sitting(rng, course, units, school=own, on=again, ability=ability + 6)


def _sitting(
    rng: random.Random, course: str, units: int, *, school: str, on: date, ability: float
) -> Sitting:
    june = on.month == 6
    received = [on + _MARKING]
    if june and rng.random() < _RECEIVED_AGAIN:
        received.append(received[0] + timedelta(days=4))
    raw = _mark(rng, ability)
    moderated = max(0, min(100, raw + rng.randrange(-4, 5)))
    first = str(raw) if june else "RIN"  # January: nothing new from the school
    marks = (first, str(moderated), "ABS", "", "ABS")
    final = 0
    if rng.random() >= _ABSENT:
        exam = _mark(rng, ability)
        converted = min(100, exam + rng.randrange(3))
        final = max(converted, (converted + moderated + 1) // 2)  # the exam's, when it is the better one
        written = f"{exam},5" if rng.random() < 0.1 else f"{exam:03d}"
        marks = (first, str(moderated), written, str(converted), str(final))
    return Sitting(course, units, school, on.year, on.month, marks, final >= 60, tuple(received))


def _mark(rng: random.Random, ability: float) -> int:
    return max(12, min(99, round(rng.gauss(ability, 7))))


def _homes(rng: random.Random, pupil: Pupil, year: int) -> Iterator[Home]:
    """Where those who answer for the pupil live: together, or each at their own address."""
    start = date(year - rng.randrange(1, 9), 7, 1)
    by_relation = {guardian.relation: guardian for guardian in pupil.guardians}
    if "mother" in by_relation and "father" in by_relation:
        mother, father = by_relation["mother"], by_relation["father"]
        if pupil.custody == "shared":
            if rng.random() < _SEPARATED_LATELY:
                parted = date(year, 7, 1)
                yield _home("1", mother, min(start, parted - timedelta(days=365)), parted, main=True)
                start = parted
            yield _home("3", mother, start, None, main=True)
            yield _home("2", father, start, None, main=False)
        else:
            yield from _perhaps_moving(rng, _home("1", mother, start, None, main=True), year)
        return
    (guardian,) = pupil.guardians
    kind: Literal["3", "4"] = "3" if guardian.relation == "mother" else "4"
    yield from _perhaps_moving(rng, _home(kind, guardian, start, None, main=True), year)


def _perhaps_moving(rng: random.Random, home: Home, year: int) -> Iterator[Home]:
    """The address, and sometimes the next one, known before it begins; sometimes a void row of one day."""
    drawn = rng.random()
    if drawn < _MOVES_HOME:
        moves = date(year + 1, 7, 1)
        yield Home(home.kind, home.start, moves, home.street, home.city, home.postal_code, home.main)
        yield Home(home.kind, moves, None, f"9{home.street}", home.city, home.postal_code, home.main)
        return
    yield home
    if drawn < 2 * _MOVES_HOME:
        void = date(year, 9, 1)
        yield Home(home.kind, void, void, home.street, home.city, home.postal_code, home.main)


def _home(
    kind: Literal["1", "2", "3", "4"], guardian: Guardian, start: date, end: date | None, *, main: bool
) -> Home:
    return Home(kind, start, end, guardian.street, guardian.city, guardian.postal_code, main)
