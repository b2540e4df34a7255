"""What an unknown code most likely means: the nearest code or label. Proposes only; nothing is taken by itself.

The lists are tens of codes long: `difflib` of the standard library is fast enough, and no dependency.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Literal

from canonical_model import codings
from mappings.engine.code_maps import TEXT, CodeMap

Way = Literal["entry", "code", "french", "english"]
NEAR = 0.6  # of 1: less alike than this is no proposal


@dataclass(frozen=True, slots=True)
class Proposal:
    """The canonical code that is nearest, by its code, one of its labels, or an entry of the map itself."""

    code: str
    by: Way
    label: str
    likeness: float


def nearest(held: CodeMap, code: str, day: date) -> Proposal | None:
    """What the code most likely means: an entry that differs by case or accents, else the likest code or label."""
    wanted = folded(code)
    found = [
        Proposal(entry.target, "entry", entry.source, 1.0)
        for entry in held.entries
        if folded(entry.source) == wanted
    ]
    if held.to != TEXT:
        known = codings.in_force(held.to, day).codes
        found = [item for item in found if item.code in known]
        for canonical in known.values():
            labels: tuple[tuple[Way, str], ...] = (
                ("code", canonical.code),
                ("french", canonical.french),
                ("english", canonical.english),
            )
            found += [
                Proposal(canonical.code, by, label, likeness(wanted, folded(label))) for by, label in labels
            ]
    best = max(
        found, key=lambda item: (item.likeness, _begins_alike(wanted, folded(item.label))), default=None
    )
    return best if best is not None and best.likeness >= NEAR else None


def _begins_alike(one: str, other: str) -> int:
    """How many first letters are the same: of two codes as near, the one that begins so is meant."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def folded(text: str) -> str:
    """Small letters without accents, and one space where there is something else."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", plain))


def likeness(one: str, other: str) -> float:
    """From 0 to 1. The beginning of a label (three letters or more) is an abbreviation of it: 0.8 at least."""
    ratio = SequenceMatcher(None, one, other, autojunk=False).ratio()
    begins = len(one) >= 3 and other.startswith(one)
    return round(max(ratio, 0.8) if begins else ratio, 2)
