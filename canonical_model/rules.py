"""What a reject's rule means, in the words of the people who mend it. Holds words only; decides nothing.

`rules.yaml` has one entry a rule: what is wrong, and what to do, in French and English. A rule of the
model that has no entry of its own (pydantic has a hundred) gets the words of ``other``.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError

FILE = Path(__file__).with_name("rules.yaml")
OTHER = "other"
_KEYS = {"fr", "en", "remedy_fr", "remedy_en"}


@dataclass(frozen=True, slots=True)
class RuleWords:
    """What is wrong (`french`, `english`) and what to do. Whole sentences, without any value."""

    french: str
    english: str
    remedy_french: str
    remedy_english: str

    def message(self, language: str) -> str:
        """What is wrong, in ``fr`` or ``en``."""
        return self.french if language == "fr" else self.english

    def remedy(self, language: str) -> str:
        """What to do, in ``fr`` or ``en``."""
        return self.remedy_french if language == "fr" else self.remedy_english


def words(rule: str) -> RuleWords:
    """The words of a rule, as ``unmapped-code``; of ``other`` when it has none of its own."""
    held = _all()
    return held.get(rule, held[OTHER])


def known() -> tuple[str, ...]:
    """Every rule that has words of its own."""
    return tuple(_all())


@cache
def _all() -> dict[str, RuleWords]:
    found = {}
    for rule, entry in strict_yaml.load_file(FILE).items():
        if entry.keys() != _KEYS or not all(entry.values()):
            raise ConfigurationError(
                f"rules.yaml: {rule} must have fr, en, remedy_fr and remedy_en. Write them.",
                f"rules.yaml : {rule} doit avoir fr, en, remedy_fr et remedy_en. Écrivez-les.",
            )
        found[rule] = RuleWords(entry["fr"], entry["en"], entry["remedy_fr"], entry["remedy_en"])
    return found
