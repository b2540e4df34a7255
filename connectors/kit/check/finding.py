"""What a check says about a connector: it held, it did not, or it was not tried. Never holds a person's value."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from canonical_model.errors import HubError

State: TypeAlias = Literal["well", "todo", "fault", "untried"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`check`: a name that rungs.yaml may give as a proof. `french`, `english`: sentences, place first."""

    check: str
    state: State
    french: str
    english: str

    def words(self, language: str) -> str:
        """The sentence in ``fr`` or ``en``."""
        return self.french if language == "fr" else self.english


def well(check: str, french: str, english: str) -> Finding:
    """It held."""
    return Finding(check, "well", french, english)


def fault(check: str, french: str, english: str) -> Finding:
    """It did not hold: a person must mend something."""
    return Finding(check, "fault", french, english)


def untried(check: str, french: str, english: str) -> Finding:
    """Nothing is known: what it needs is absent, or was not asked for."""
    return Finding(check, "untried", french, english)


def of_error(check: str, error: HubError) -> Finding:
    """An error of the hub, which names places only, as a fault."""
    return fault(check, error.french, error.english)
