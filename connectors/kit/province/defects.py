"""Chooses who carries which defect: about one pupil in a hundred, each with one defect only.

Choosing writes no fault: the sandbox whose defect it is writes it, in its own words, by asking
`Province.defects_of`. The kinds that need a particular pupil (a mark, daycare, an answer) choose among those.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import cycle
from typing import get_args

from connectors.kit.province.model import Board, Defect, DefectKind, Province, Pupil

SHARE = 0.01
EVERY_KIND_FROM = 300  # students; a smaller province has the share only, the first kinds first
_ACCENTED = "Bélanger"


def plant(
    rng: random.Random, boards: tuple[Board, ...], *, students: int, year: int
) -> tuple[tuple[Board, ...], tuple[Defect, ...]]:
    """The boards (for one kind a guardian's name has changed) and the defects chosen on their pupils."""
    kinds: tuple[DefectKind, ...] = get_args(DefectKind)
    wanted = round(students * SHARE)
    if students >= EVERY_KIND_FROM:
        wanted = max(wanted, len(kinds) + 1)
    waiting = {board.code: _shuffled(rng, board) for board in boards}
    census = date(year, 9, 30)
    found: list[Defect] = []
    for kind, code in zip(cycle(kinds), _board_order(boards), strict=False):
        pupils = 2 if kind == "shared-code-permanent" else 1
        if len(found) + pupils > wanted:
            break
        chosen = _choose(kind, code, waiting, census=census, pupils=pupils)
        found += [Defect(kind, board, fiche) for board, fiche in chosen]
    accented = {(item.board, item.fiche) for item in found if item.kind == "windows-1252"}
    return tuple(_with_accents(board, accented) for board in boards), tuple(found)


def carriers(
    province: Province, board: Board, system: str, kinds: Mapping[str, Callable[[Pupil], bool]]
) -> dict[str, int]:
    """Who carries the defects that one system's sandbox plants itself: kind to fiche, each on another pupil.

    Each kind is drawn from a stream of its own, so that `plant` is not moved; among those who fit and carry
    none of `plant`'s, as long as there are any. A kind that nobody fits is left out.
    """
    planted = {defect.fiche for defect in province.defects if defect.board == board.code}
    found: dict[str, int] = {}
    for kind, fits in kinds.items():
        fitting = [p.fiche for p in board.pupils if fits(p) and p.fiche not in found.values()]
        free = [fiche for fiche in fitting if fiche not in planted] or fitting
        if free:
            found[kind] = random.Random(f"{province.seed}/{system}/{kind}/{board.code}").choice(free)
    return found


def _board_order(boards: tuple[Board, ...]) -> Iterator[str]:
    """The board to try first, kind after kind; shifted by one each round so that kinds meet all boards."""
    turn = 0
    while True:
        for kind in range(len(get_args(DefectKind))):
            yield boards[(turn + kind) % len(boards)].code
        turn += 1


def _shuffled(rng: random.Random, board: Board) -> list[Pupil]:
    pupils = list(board.pupils)
    rng.shuffle(pupils)
    return pupils


def _choose(
    kind: DefectKind, first: str, waiting: dict[str, list[Pupil]], *, census: date, pupils: int
) -> list[tuple[str, int]]:
    """The pupils who get this defect, all of one board, taken out of `waiting`; none when nobody fits."""
    fits = _CANDIDATES.get(kind, _has_code)
    for code in (first, *(other for other in waiting if other != first)):
        found = [pupil for pupil in waiting[code] if fits(pupil) and _declared(pupil, census)][:pupils]
        if len(found) == pupils:
            for pupil in found:
                waiting[code].remove(pupil)
            return [(code, pupil.fiche) for pupil in found]
    return []


def _declared(pupil: Pupil, census: date) -> bool:
    """Present at the census and still there: the defect is the only remarkable thing about them."""
    return pupil.enrolled_on <= census and pupil.left_on is None


def _has_code(pupil: Pupil) -> bool:
    return pupil.code_permanent is not None and pupil.care is None and pupil.answer is None


def _has_marks(pupil: Pupil) -> bool:
    return _has_code(pupil) and any(mark.steps for mark in pupil.marks)


def _has_care(pupil: Pupil) -> bool:
    return pupil.code_permanent is not None and pupil.care is not None and bool(pupil.care.days)


def _has_answer(pupil: Pupil) -> bool:
    return pupil.code_permanent is not None and pupil.answer is not None


_CANDIDATES: dict[DefectKind, Callable[[Pupil], bool]] = {
    "unmapped-result": _has_marks,
    "duplicate-row": _has_care,
    "unknown-fiche": _has_care,
    "windows-1252": _has_answer,
}


def _with_accents(board: Board, accented: set[tuple[str, int]]) -> Board:
    """The same board; who answered for an `accented` pupil has a name that Windows-1252 writes otherwise."""
    wanted = {fiche for code, fiche in accented if code == board.code}
    if not wanted:
        return board
    return replace(
        board, pupils=tuple(_answered_by_parent(p) if p.fiche in wanted else p for p in board.pupils)
    )


def _answered_by_parent(pupil: Pupil) -> Pupil:
    first, *others = pupil.guardians
    answer = pupil.answer and replace(pupil.answer, giver="parental_authority")
    return replace(pupil, guardians=(replace(first, family_name=_ACCENTED), *others), answer=answer)
