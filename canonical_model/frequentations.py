"""Which frequentations of one pupil contradict each other. Lists them for a person; corrects none.

Rules of Jade (facts/legacy-systems.md §5): one ``FIN`` a school year; no two ``FRE`` overlap. A ``FIN`` and a
``FRE`` on the same days are normal.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from canonical_model.periods import Period
from canonical_model.resources.frequentation import Frequentation

Key = tuple[str, int, int]
"""Organization, school year and number: which frequentation, without saying whose."""


@dataclass(frozen=True, slots=True, order=True)
class Anomaly:
    """Two frequentations that cannot both be right, smaller key first."""

    rule: Literal["attended-twice", "financed-twice"]
    first: Key
    second: Key


def anomalies(frequentations: Iterable[Frequentation]) -> tuple[Anomaly, ...]:
    """Every pair of one pupil's frequentations that contradict each other, sorted.

    ``financed-twice``: two FIN of one school year. ``attended-twice``: two FRE share a day, in any year.
    """
    found = []
    for one, other in combinations(sorted(frequentations, key=_key), 2):
        if one.kind.code == other.kind.code == "FIN" and one.school_year == other.school_year:
            found.append(Anomaly("financed-twice", _key(one), _key(other)))
        if one.kind.code == other.kind.code == "FRE" and _overlap(one.period, other.period):
            found.append(Anomaly("attended-twice", _key(one), _key(other)))
    return tuple(sorted(found))


def _key(frequentation: Frequentation) -> Key:
    return frequentation.organization, frequentation.school_year, frequentation.number


def _overlap(one: Period, other: Period) -> bool:
    """Whether a day lies in both; a period that ends on its first day holds none."""
    latest = max(one.start, other.start)
    return one.holds(latest) and other.holds(latest)
