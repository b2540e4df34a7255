"""Invents intervention plans: about one pupil in twelve has one. Every sentence is a sample sentence, of nobody.

Drawn from streams of their own, one a pupil: what is added here moves nothing that `generate` makes.
"""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.kit.province import names
from connectors.kit.province.model import Board, Province, Pupil

_SHARE = 1 / 12
_ENDED = 0.1
_LOCAL = ZoneInfo("America/Toronto")
_OBJECTIVES = (
    ("Lire seul un texte court.", ("Lecture guidée", "Temps de plus")),
    ("Organiser son travail de la semaine.", ("Agenda suivi chaque jour",)),
    ("Demander de l'aide quand il le faut.", ("Signe convenu", "Rencontre chaque lundi", "Pairage")),
    ("Rester en classe toute la période.", ("Pauses prévues",)),
)
_FUNCTIONS = ("Direction", "Enseignante titulaire", "Orthopédagogue", "Psychoéducatrice")


@dataclass(frozen=True, slots=True)
class Objective:
    text: str
    means: tuple[str, ...]
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """`end`: the day it stopped, or None. `participants`: function and name. `modified_at` has its zone."""

    number: str
    start: date
    end: date | None
    objectives: tuple[Objective, ...]
    participants: tuple[tuple[str, str], ...]
    reviews: tuple[date, ...]
    next_review: date | None
    modified_at: datetime


def plan(province: Province, board: Board, pupil: Pupil) -> Plan | None:
    """The plan of one pupil as of the province's day; None for most."""
    rng = random.Random(f"{province.seed}/plan/{board.code}/{pupil.fiche}")
    if rng.random() >= _SHARE or pupil.left_on is not None:
        return None
    start = pupil.enrolled_on + timedelta(days=rng.randrange(14, 60))
    if start >= province.day:
        return None
    reviewed = start + timedelta(days=rng.randrange(60, 100))
    reviews = (reviewed,) if reviewed < province.day else ()
    ended = bool(reviews) and rng.random() < _ENDED
    objectives = tuple(
        Objective(text, means, "En voie d'être atteint." if reviews else None)
        for text, means in rng.sample(_OBJECTIVES, rng.randrange(1, 4))
    )
    professionals = [(function, _name(rng, board)) for function in rng.sample(_FUNCTIONS, 2)]
    parents = [("Parent", f"{g.given_name} {g.family_name}") for g in pupil.guardians]
    last = reviews[-1] if reviews else start
    return Plan(
        number=f"PI-{board.code[:3]}-{pupil.fiche}",
        start=start,
        end=last + timedelta(days=1) if ended else None,
        objectives=objectives,
        participants=(*professionals, *parents),
        reviews=reviews,
        next_review=None if ended else last + timedelta(days=120),
        modified_at=datetime(last.year, last.month, last.day, 15, rng.randrange(60), tzinfo=_LOCAL),
    )


def _name(rng: random.Random, board: Board) -> str:
    french = board.language == "fr"
    given = rng.choice(names.GIVEN_GIRLS_FRENCH if french else names.GIVEN_GIRLS_ENGLISH)
    return f"{given} {rng.choice(names.FAMILY_FRENCH if french else names.FAMILY_ENGLISH)}"
