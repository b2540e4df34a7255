"""The invented province: boards, schools, families, marks, daycare. Nobody in it exists.

It is the truth that the sandbox systems hold, each in its own words, plus the defects planted in
them. Production never imports it; the hub learns of it only through the systems.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

DefectKind = Literal[
    "bad-code-permanent",        # GPI: wrong shape in gpm_e_ele.code_perm
    "shared-code-permanent",     # GPI: the same code on two fiches, two different children
    "unknown-school",            # GPI: gpm_e_dan.id_eco that gpm_t_eco does not have
    "unmapped-sex",              # GPI: gpm_e_ele.sexe holds a code of no list
    "end-before-start",          # GPI: gpm_e_dan.date_depart before date_deb
    "unmapped-result",           # GPI: a result code that no list names
    "duplicate-row",             # Avant-garde: the same attendance or contract row twice
    "unknown-fiche",             # Avant-garde: a fiche that GPI does not have
    "windows-1252",              # Mozaïk-Inscription: a line of the UTF-8 file in Windows-1252
    "ministry-rejects",          # Charlemagne will refuse the declaration
    "ministry-corrects",         # Charlemagne will accept it with another code permanent
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class School:
    """`local`: the board's three characters. `official`: six digits. `category`: PRI or SEC."""

    local: str
    official: str
    name: str
    category: Literal["PRI", "SEC"]
    key: int  # GPI's id_eco for the school year


@dataclass(frozen=True, slots=True)
class Guardian:
    relation: Literal["father", "mother", "tutor"]
    family_name: str
    given_name: str
    email: str
    street: str
    city: str
    postal_code: str
    social_insurance_number: str | None


@dataclass(frozen=True, slots=True)
class CourseMark:
    """Marks by step position as GPI holds them: text, number or code; absent steps are absent."""

    course: str
    title: str
    units: int | None
    group: str
    steps: dict[int, str]


@dataclass(frozen=True, slots=True)
class CareDay:
    day: date
    kind: Literal["class_day", "pedagogical_day", "break_day"]
    extra_hours: Decimal
    outing: bool


@dataclass(frozen=True, slots=True)
class CarePayment:
    number: str
    payer: str
    paid_on: date
    amount: Decimal
    channel: Literal["bank", "counter", "cheque", "preauthorized"]


@dataclass(frozen=True, slots=True)
class Care:
    """A child's daycare in the calendar year. `payers`: payer number, guardian index, percent."""

    daycare: str
    status: Literal["regular", "sporadic"]
    payers: tuple[tuple[str, int, Decimal], ...]
    days: tuple[CareDay, ...]
    payments: tuple[CarePayment, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A family's answer about releasing the dossier to one cégep."""

    number: str
    recipient: str
    sections: tuple[str, ...]
    given: bool
    giver: Literal["student", "parental_authority"]
    given_on: date
    start: date
    end: date
    distinct: bool


@dataclass(frozen=True, slots=True)
class Pupil:
    """`level`: code of the canonical list school_level; who is older than its age repeats it.
    `custody`: together or shared.
    """

    fiche: int
    family_name: str
    given_name: str
    birth_date: date
    sex: Literal["F", "M", "X"]
    code_permanent: str | None
    school: School
    level: str
    home_group: str
    enrolled_on: date
    left_on: date | None
    guardians: tuple[Guardian, ...]
    custody: Literal["together", "shared"]
    marks: tuple[CourseMark, ...]
    care: Care | None
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Board:
    code: str
    name: str
    language: Literal["fr", "en"]
    schools: tuple[School, ...]
    pupils: tuple[Pupil, ...]


@dataclass(frozen=True, slots=True)
class Defect:
    """A planted fault: which kind, at which board, on which fiche."""

    kind: DefectKind
    board: str
    fiche: int


@dataclass(frozen=True, slots=True)
class Province:
    """Made by `generate`; the same seed, size and day give the same province, byte for byte."""

    seed: int
    day: date
    school_year: int
    boards: tuple[Board, ...]
    defects: tuple[Defect, ...] = field(default=())

    def board(self, code: str) -> Board:
        """The board of that code. Raises KeyError."""
        return next(item for item in self.boards if item.code == code)

    def defects_of(self, board: str, kind: DefectKind) -> frozenset[int]:
        """Fiches of a board on which that defect was planted."""
        return frozenset(d.fiche for d in self.defects if (d.board, d.kind) == (board, kind))
