"""Every reason a decision can give, as a stable code, and its words for people. Knows no decision's facts."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from canonical_model import strict_yaml

Reason = Literal[
    "permitted-by-consent", "permitted-by-law", "permitted-by-agreement", "permitted-by-mandate",
    "nothing-asked", "no-agreement", "purpose-not-covered", "agreement-not-in-force",
    "section-not-in-agreement", "section-forbidden", "section-restricted",
    "no-consent-in-force", "consent-other-recipient", "consent-other-purpose",
    "consent-without-effect", "giver-not-entitled", "consent-expired", "section-not-consented",
    "sensitive-needs-express", "consent-withdrawn", "consent-refused", "mandatory-section-withheld",
]  # fmt: skip

PERMITTED: tuple[Reason, ...] = (
    "permitted-by-consent",
    "permitted-by-law",
    "permitted-by-agreement",
    "permitted-by-mandate",
)
# Of several reasons, the one told first: the nearest to what a person can do something about.
REFUSALS: tuple[Reason, ...] = (
    "consent-refused",
    "consent-withdrawn",
    "giver-not-entitled",
    "consent-without-effect",
    "consent-expired",
    "sensitive-needs-express",
    "section-not-consented",
    "consent-other-purpose",
    "consent-other-recipient",
    "no-consent-in-force",
    "mandatory-section-withheld",
    "section-restricted",
    "section-forbidden",
    "section-not-in-agreement",
    "agreement-not-in-force",
    "purpose-not-covered",
    "no-agreement",
    "nothing-asked",
)


@dataclass(frozen=True, slots=True)
class Words:
    """One whole sentence in each language."""

    french: str
    english: str

    def of(self, language: str) -> str:
        """The sentence in ``fr`` or ``en``."""
        return self.french if language == "fr" else self.english


@cache
def all_words() -> dict[str, Words]:
    """The words of every reason, by code."""
    data = strict_yaml.load_file(Path(__file__).with_name("reasons.yaml"))
    return {code: Words(entry["fr"], entry["en"]) for code, entry in data.items()}


def words(reason: str) -> Words:
    """The words of one reason. Raises KeyError for a code that no decision gives."""
    return all_words()[reason]
