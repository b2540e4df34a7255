"""A simulated GPI: a real PostgreSQL database with the true table shapes, holding one board's pupils.

Written from the published facts, not from source.py. It holds what a real one holds and a reader must
leave alone: the forecast year, a few rows of another board, a dummy school, columns nobody asked for.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connectors.kit.province.model import Board, CourseMark, DefectKind, Guardian, Pupil
from connectors.kit.sql_sandbox import Rows, SqlSandbox

_NEIGHBOUR = "866000"  # the other board of whom a few rows lie in this database
_FORECAST = 1000  # id_eco of next year's school: this year's plus this
_ABSENT_SCHOOL = 999_001
_NEVER_CAME = 4990  # the dummy school of those who applied from elsewhere
_STEPS = tuple(f"res_etape_{number:02d}" for number in range(1, 31))
_TABLES: Mapping[str, str] = {
    "gpm_t_eco": "id_eco integer primary key, org varchar(6) not null, annee smallint not null,"
    " eco varchar(3) not null, eco_off varchar(6), cat_eco varchar(3), nom_eco varchar(60),"
    " indic_eco_bidon varchar(1), indic_eco_virtuelle varchar(1), nom_dir varchar(30)",
    "gpm_e_ele": "org varchar(6) not null, fiche integer not null, nom varchar(60), pnom varchar(60),"
    " code_perm varchar(12), date_naiss date, sexe varchar(1), nom_pere varchar(60), pnom_pere varchar(60),"
    " nom_mere varchar(60), pnom_mere varchar(60), nom_tuteur varchar(60), pnom_tuteur varchar(60),"
    " adr_electr_pere varchar(100), adr_electr_mere varchar(100), adr_electr_tuteur varchar(100),"
    " unique (org, fiche)",
    "gpm_e_dan": "fiche integer not null, id_eco integer not null, statut_don_an varchar(1),"
    " ordre_ens varchar(1), cycle_ref varchar(1), annee_cycle_ref varchar(1), classe varchar(2),"
    " grp_rep varchar(4), date_deb date, date_depart date, motif_depart varchar(3), age_30_sept smallint,"
    " plan_interv_ehdaa varchar(1), difficulte varchar(3), unique (fiche, id_eco)",
    "gpm_t_mat": "id_eco integer not null, mat varchar(6) not null, descr varchar(60), unites numeric(3),"
    " unique (id_eco, mat)",
    "gpm_e_mat_ele": "id_mat_ele integer primary key, fiche integer not null, id_eco integer not null,"
    " mat varchar(6) not null, grp varchar(6), etat varchar(1), res_som varchar(5), rem varchar(200), "
    + ", ".join(f"{step} varchar(5)" for step in _STEPS),
}
# level: ordre_ens, cycle_ref, annee_cycle_ref, classe
_LEVELS = {
    "PRESCHOOL4": ("1", None, None, None), "PRESCHOOL5": ("2", None, None, None),
    "PRIMARY1": ("3", "1", "1", "A"), "PRIMARY2": ("3", "1", "2", "B"), "PRIMARY3": ("3", "2", "1", "C"),
    "PRIMARY4": ("3", "2", "2", "D"), "PRIMARY5": ("3", "3", "1", "E"), "PRIMARY6": ("3", "3", "2", "F"),
    "SECONDARY1": ("4", "1", "1", "1"), "SECONDARY2": ("4", "1", "2", "2"),
    "SECONDARY3": ("4", "2", "1", "3"),
    "SECONDARY4": ("4", "2", "2", "4"), "SECONDARY5": ("4", "2", "3", "5"),
}  # fmt: skip
_NEXT = dict(zip(_LEVELS, tuple(_LEVELS)[1:], strict=False))
_PLANTED: tuple[DefectKind, ...] = (
    "bad-code-permanent", "unknown-school", "unmapped-sex", "end-before-start", "unmapped-result",
)  # fmt: skip
_RELATIONS = {"father": "pere", "mother": "mere", "tutor": "tuteur"}
_Row = tuple[Any, ...]


class Sandbox(SqlSandbox):
    """One board's GPI, in the database ``sandbox_gpi_<board>``, read by the role ``gpi_reader_<board>``."""

    tables = _TABLES
    missing_column = ("gpm_e_ele", "code_perm")
    known_faults: ClassVar[dict[str, str]] = {
        "down": "nobody answers at its address",
        "missing-column": "gpm_e_ele has no column code_perm",
        "wrong-secret": "the account's password was changed",
    }

    def contents(self) -> Iterator[tuple[str, Rows]]:
        """The five tables, with what a reader must leave alone."""
        board, year = self.province.board(self.organization), self.province.school_year
        planted = {kind: self.province.defects_of(board.code, kind) for kind in _PLANTED}
        codes = _codes(board, self.province.defects_of(board.code, "shared-code-permanent"))
        yield "gpm_t_eco", list(_schools(board, year))
        yield "gpm_e_ele", [*(_pupil(board, p, codes, planted) for p in board.pupils), *_neighbours(year)]
        yield "gpm_e_dan", [row for p in board.pupils for row in _annual_files(p, year, planted)]
        courses = {(p.school.key, m.course): (m.title, m.units) for p in board.pupils for m in p.marks}
        yield "gpm_t_mat", [(*key, *told) for key, told in sorted(courses.items())]
        yield "gpm_e_mat_ele", list(_course_files(board, planted["unmapped-result"]))


def _schools(board: Board, year: int) -> Iterator[_Row]:
    for school in board.schools:
        for key, annee in ((school.key, year), (school.key + _FORECAST, year + 1)):
            told = (school.local, school.official, school.category, school.name)
            yield (key, board.code, annee, *told, None, None, "Direction")
    yield (_NEVER_CAME, board.code, year, "950", None, "PRI", "Hors territoire", "1", None, None)
    yield (9001, _NEIGHBOUR, year, "010", "866010", "PRI", "École d'un autre centre", None, None, None)


def _pupil(
    board: Board, pupil: Pupil, codes: Mapping[int, str | None], planted: Mapping[DefectKind, frozenset[int]]
) -> _Row:
    code = codes[pupil.fiche]
    if pupil.fiche in planted["bad-code-permanent"] and code:
        code = code[:3] + code[4:]  # a letter is missing
    names, mails = _parents(pupil.guardians)
    padded = pupil.fiche % 50 == 0  # some rows came from a system with fixed widths
    return (
        board.code,
        pupil.fiche,
        unicodedata.normalize("NFC", pupil.family_name) + ("   " if padded else ""),
        pupil.given_name,
        code,
        pupil.birth_date,
        "N" if pupil.fiche in planted["unmapped-sex"] else pupil.sex,
        *names,
        *mails,
    )


def _codes(board: Board, shared: frozenset[int]) -> dict[int, str | None]:
    """What code_perm holds: in each planted pair, the second fiche has the code of the first."""
    codes = {pupil.fiche: pupil.code_permanent for pupil in board.pupils}
    pairs = iter(sorted(shared))
    for first, second in zip(pairs, pairs, strict=True):
        codes[second] = codes[first]
    return codes


def _parents(guardians: tuple[Guardian, ...]) -> tuple[list[str | None], list[str | None]]:
    """Names (family, given) and e-mails of father, mother, tutor, inside the pupil's row."""
    found = {_RELATIONS[guardian.relation]: guardian for guardian in guardians}
    names: list[str | None] = []
    mails: list[str | None] = []
    for relation in ("pere", "mere", "tuteur"):
        guardian = found.get(relation)
        names += [guardian.family_name, guardian.given_name] if guardian else [None, None]
        mails.append(guardian.email if guardian else None)
    return names, mails


def _neighbours(year: int) -> Iterator[_Row]:
    """A few rows of another board: rare, but GPI's key is (org, fiche) because they exist."""
    for number in range(3):
        birth = f"{year - 9}-03-0{number + 1}"
        yield (_NEIGHBOUR, 1_200_010 + number, "Voisin", "Élève", None, birth, "F", *(None,) * 9)


def _annual_files(pupil: Pupil, year: int, planted: Mapping[DefectKind, frozenset[int]]) -> Iterator[_Row]:
    age = year - pupil.birth_date.year - ((9, 30) < (pupil.birth_date.month, pupil.birth_date.day))
    order, cycle, cycle_year, category = _level(pupil, age)
    key = _ABSENT_SCHOOL if pupil.fiche in planted["unknown-school"] else pupil.school.key
    left: Any = pupil.left_on
    if pupil.fiche in planted["end-before-start"]:
        left = pupil.enrolled_on.replace(day=1)
    yield (
        pupil.fiche, key, "I" if left else "A", order, cycle, cycle_year, category, pupil.home_group,
        pupil.enrolled_on, left, "31" if left else None, age, None, None,
    )  # fmt: skip
    if pupil.fiche % 90 == 0:  # admitted elsewhere first, and never came: inactive, without a departure
        yield (
            pupil.fiche, _NEVER_CAME, "I", order, cycle, cycle_year, category, None,
            pupil.enrolled_on, None, None, age, None, None,
        )  # fmt: skip
    if pupil.level in _NEXT and pupil.left_on is None and pupil.fiche % 3 == 0:
        order, cycle, cycle_year, category = _LEVELS[_NEXT[pupil.level]]
        start = f"{year + 1}-08-27"
        yield (
            pupil.fiche, pupil.school.key + _FORECAST, "A", order, cycle, cycle_year, category, None,
            start, None, None, age + 1, None, None,
        )  # fmt: skip


def _level(pupil: Pupil, age: int) -> tuple[str, str | None, str | None, str | None]:
    """Order, cycle, year in the cycle and class; 7, 8, 9 are a first, second, third year done again."""
    order, cycle, cycle_year, category = _LEVELS[pupil.level]
    if cycle_year is not None and age > 4 + tuple(_LEVELS).index(pupil.level):
        cycle_year = str(int(cycle_year) + 6)
    return order, cycle, cycle_year, category


def _course_files(board: Board, unmapped: frozenset[int]) -> Iterator[_Row]:
    number = 70_000
    for pupil in board.pupils:
        faulty = pupil.fiche in unmapped
        for mark in pupil.marks:
            number += 1
            steps = _steps(mark)
            if faulty and mark.steps:
                steps[max(mark.steps) - 1] = "EXE"  # a code that no public list explains
                faulty = False
            yield (
                number, pupil.fiche, pupil.school.key, mark.course, mark.group,
                "0" if pupil.left_on else "1", None, None, *steps,
            )  # fmt: skip


def _steps(mark: CourseMark) -> list[str | None]:
    return [mark.steps.get(position) for position in range(1, 31)]
