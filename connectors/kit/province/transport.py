"""Invents who rides a school bus: pupils of preschool and primary who live far, by one plan a board.

Drawn from streams of its own, one a pupil: what is added here moves nothing that `generate` makes. Routes,
stops and times are invented; a child in shared custody has two addresses and rides from both.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from connectors.kit.province.model import Board, Guardian, Province, Pupil

_FAR = 0.4
_CHANGES_BUS = 0.15
_RIGHT_ONLY = 0.05  # may ride and has no route yet
_SHARED_BOTH = 0.8  # of those in shared custody: both addresses are in the plan

MORNING, AFTERNOON = 1, 8


@dataclass(frozen=True, slots=True)
class Stop:
    """`kind`: 1 stop, 3 school, 4 home. `passes_at`: hours and minutes as one number, 815."""

    code: str
    name: str
    kind: Literal["1", "3", "4"]
    passes_at: int


@dataclass(frozen=True, slots=True)
class Leg:
    """One vehicle, told from home to school whatever the time of day."""

    order: int
    route: int
    circuit: int
    home_side: Stop
    school_side: Stop


@dataclass(frozen=True, slots=True)
class Ride:
    """`trip`: 1 morning, 8 afternoon. No leg: the right alone."""

    trip: int
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One address of the plan. `kind`: 1 both parents, 2 father, 3 mother, 4 tutor; `guardian`: who lives there."""

    number: int
    kind: Literal["1", "2", "3", "4"]
    guardian: Guardian
    since: date
    rides: tuple[Ride, ...]


def transported(province: Province, board: Board, pupil: Pupil) -> tuple[Block, ...]:
    """The addresses from which a pupil rides: none, one, or two in shared custody."""
    rng = random.Random(f"{province.seed}/transport/{board.code}/{pupil.fiche}")
    if pupil.school.category != "PRI" or pupil.left_on is not None or rng.random() >= _FAR:
        return ()
    since = date(province.school_year, 8, 1)
    return tuple(
        Block(number, kind, guardian, since, tuple(_rides(rng, board, pupil, guardian)))
        for number, (kind, guardian) in enumerate(_homes(rng, pupil), start=1)
    )


def _homes(rng: random.Random, pupil: Pupil) -> Iterator[tuple[Literal["1", "2", "3", "4"], Guardian]]:
    held = {guardian.relation: guardian for guardian in pupil.guardians}
    if "father" in held and "mother" in held:
        if pupil.custody == "together":
            yield "1", held["mother"]
            return
        yield "3", held["mother"]
        if rng.random() < _SHARED_BOTH:
            yield "2", held["father"]
        return
    (guardian,) = pupil.guardians
    yield ("3" if guardian.relation == "mother" else "4"), guardian


def _rides(rng: random.Random, board: Board, pupil: Pupil, guardian: Guardian) -> Iterator[Ride]:
    if rng.random() < _RIGHT_ONLY:
        yield Ride(MORNING, ())
        yield Ride(AFTERNOON, ())
        return
    rank = board.schools.index(pupil.school)
    line = rng.randrange(6)
    street = guardian.street.replace(",", "").split(" ", 1)[1]
    stop = f"A{rank:02d}{line}{rng.randrange(10)}"
    changes = rng.random() < _CHANGES_BUS
    for trip, first in ((MORNING, 7 * 60 + 15), (AFTERNOON, 15 * 60 + 35)):
        passes = first + rng.randrange(20)
        near = Stop(stop, f"{street} / arrêt {line + 1}", "1", _clock(passes))
        school = Stop(f"E{pupil.school.local}", pupil.school.name, "3", _clock(passes + 35))
        hub = Stop("T001", "Terminus du centre", "3", _clock(passes + 25))
        route, circuit = 100 * rank + 10 * line + trip, rank + 1
        if changes:
            yield Ride(trip, (Leg(1, route, circuit, near, hub), Leg(2, route + 1, circuit, hub, school)))
        else:
            yield Ride(trip, (Leg(1, route, circuit, near, school),))


def _clock(minutes: int) -> int:
    """Minutes since midnight as hours and minutes in one number."""
    return minutes // 60 * 100 + minutes % 60
