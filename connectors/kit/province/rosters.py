"""Who sits in which class of a board: homerooms and course groups, read off its pupils. Draws and refuses nothing.

A roster provider (OneRoster) holds classes where GPI holds marks: this is the same truth seen from the class.
"""

from dataclasses import dataclass

from connectors.kit.province.model import Board, Pupil, School
from connectors.kit.province.schooling import LEVELS


@dataclass(frozen=True, slots=True)
class Offered:
    """A course of the board, at the level where it is taught. `homeroom`: no course of any list, see `roster`."""

    code: str
    title: str
    level: str
    homeroom: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A class of one school. `name`: what the board calls it, ``301``."""

    school: School
    course: Offered
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """A pupil's seat in a class."""

    pupil: Pupil
    group: Group


@dataclass(frozen=True, slots=True)
class Roster:
    """All of a board, in the order of its pupils."""

    courses: tuple[Offered, ...]
    groups: tuple[Group, ...]
    places: tuple[Place, ...]


def roster(board: Board) -> Roster:
    """The board's classes. A homeroom is a class of an invented course, ``TIT`` and its level, as a provider has."""
    courses: dict[str, Offered] = {}
    groups: dict[tuple[str, str, str], Group] = {}
    places = []
    for pupil in board.pupils:
        own = f"TIT{LEVELS.index(pupil.level) + 1:02d}0"
        asked = [(own, "Foyer", pupil.home_group, True)]
        asked += [(mark.course, mark.title, mark.group, False) for mark in pupil.marks]
        for code, title, name, homeroom in asked:
            course = courses.setdefault(code, Offered(code, title, pupil.level, homeroom))
            key = (pupil.school.official, code, name)
            places.append(Place(pupil, groups.setdefault(key, Group(pupil.school, course, name))))
    return Roster(tuple(courses.values()), tuple(groups.values()), tuple(places))
