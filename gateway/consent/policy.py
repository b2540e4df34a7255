"""The dated rules of the decision: ages and delays. A file is never edited, only followed by another."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError

FOLDER = Path(__file__).with_name("policy")
_NUMBERS = ("age_of_own_answer", "age_of_majority", "days_after_cai_receipt")


@dataclass(frozen=True, slots=True)
class Policy:
    """`version`: the day from which these rules hold. Ages are in years, delays in days."""

    version: str
    age_of_own_answer: int
    age_of_majority: int
    days_after_cai_receipt: int


@cache
def versions() -> tuple[Policy, ...]:
    """All rules, oldest first. Raises ConfigurationError when a file is not one."""
    return tuple(
        parse(strict_yaml.load_file(path), name=path.name, version=path.stem)
        for path in sorted(FOLDER.glob("*.yaml"))
    )


def in_force(day: date) -> Policy:
    """The rules that hold on `day`; the oldest ones for a day before all of them."""
    held = [policy for policy in versions() if policy.version <= day.isoformat()]
    return held[-1] if held else versions()[0]


def parse(data: Any, *, name: str, version: str) -> Policy:
    """Rules of one file's content. Raises ConfigurationError naming the file."""
    wanted = {"policy", "source", *_NUMBERS}
    if not isinstance(data, dict) or data.keys() != wanted or data["policy"] != version:
        keys = ", ".join(sorted(wanted))
        raise _wrong(
            name,
            f"exactly {keys} are expected, and `policy` repeats the file's name",
            f"exactement {keys} sont attendus, et `policy` reprend le nom du fichier",
        )
    if not all(data[key].isdecimal() for key in _NUMBERS):
        raise _wrong(
            name, "ages and delays are whole numbers", "les âges et les délais sont des nombres entiers"
        )
    date.fromisoformat(version)
    return Policy(version, *(int(data[key]) for key in _NUMBERS))


def birthday(birth_date: date, years: int) -> date:
    """The day someone turns `years`; 1 March in a common year for who was born on 29 February."""
    try:
        return birth_date.replace(year=birth_date.year + years)
    except ValueError:
        return date(birth_date.year + years, 3, 1)


def _wrong(name: str, english: str, french: str) -> ConfigurationError:
    return ConfigurationError(
        f"policy/{name}: {english}. Correct the file.", f"policy/{name} : {french}. Corrigez le fichier."
    )
