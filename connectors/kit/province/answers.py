"""Invents what families of Secondary 5 pupils answered about releasing the dossier to one cégep."""

import random
from datetime import date, timedelta

from connectors.kit.province.model import Answer

MAISONNEUVE = "916000"
DAWSON = "933000"

# (outcome, chance): the rest has not answered
_OUTCOMES = (
    ("given", 0.75), ("identity-only", 0.06), ("refused", 0.05), ("elsewhere", 0.04), ("ended", 0.03),
    ("not-distinct", 0.02),
)  # fmt: skip


def answer(rng: random.Random, *, number: str, year: int, day: date) -> Answer | None:
    """One answer known by `day`, or None. At that age the pupil or the parent may answer."""
    outcome = _outcome(rng)
    given_on = date(year, 10, 15) + timedelta(days=rng.randrange(100))
    student_answers = rng.random() < 0.5
    if outcome is None or given_on >= day:
        return None
    ended = min(given_on + timedelta(days=30), day - timedelta(days=3))
    return Answer(
        number=number,
        recipient=DAWSON if outcome == "elsewhere" else MAISONNEUVE,
        sections=("identity",) if outcome == "identity-only" else ("identity", "results_local"),
        given=outcome != "refused",
        giver="student" if student_answers else "parental_authority",
        given_on=given_on,
        start=given_on,
        end=max(ended, given_on) if outcome == "ended" else date(year + 1, 9, 1),
        distinct=outcome != "not-distinct",
    )


def _outcome(rng: random.Random) -> str | None:
    drawn = rng.random()
    for outcome, chance in _OUTCOMES:
        if drawn < chance:
            return outcome
        drawn -= chance
    return None
