"""What a family or a pupil answered, and whether it counts on a day. Silence, doubt and haste are no.

The latest answer that has begun counts, for each kind of giver and each section; two answers of one
day that contradict each other are a refusal; a refusal or a withdrawal by either entitled giver
prevails (facts/quebec-education.md §8, C1 to C5). Nothing older revives when the latest one expires
or is withdrawn.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from gateway.consent.policy import Policy, birthday
from gateway.consent.reasons import REFUSALS, Reason

Giver = Literal["student", "parental_authority"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One Consent resource as the decision needs it, with its withdrawal.

    `key`: the hub's key of the resource. `organization`: the body that asked. `given`: yes or no.
    `start` and `end` are half-open. `withdrawn_on`: the day from which it no longer holds. `express`:
    whether the record says that it was given expressly; it is never presumed.
    """

    key: str
    organization: str
    recipient: str
    purpose: str
    sections: frozenset[str]
    given: bool
    giver: Giver
    given_on: date
    start: date
    end: date | None
    distinct: bool
    withdrawn_on: date | None = None
    express: bool = False

    @property
    def begins(self) -> date:
        """The first day it counts: nobody consents before answering, and a no is heard at once."""
        return max(self.start, self.given_on) if self.given else self.given_on


@dataclass(frozen=True, slots=True)
class Standing:
    """How one section stands: the answer that permits it, or why none does."""

    reason: Reason
    answer: Answer | None

    @property
    def permits(self) -> bool:
        """Whether an answer permits the section."""
        return self.answer is not None


def entitled(answer: Answer, birth_dates: frozenset[date], policy: Policy) -> bool:
    """Whether who answered could, by the age on the day of the answer (C3).

    Where two boards disagree on the birth date it must hold for each; with none known, nobody could.
    """
    return bool(birth_dates) and all(_entitled(answer, born, policy) for born in birth_dates)


def _entitled(answer: Answer, born: date, policy: Policy) -> bool:
    if answer.giver == "student":
        return answer.given_on >= birthday(born, policy.age_of_own_answer)
    return answer.given_on < birthday(born, policy.age_of_majority)


def standing(
    section: str,
    answers: Iterable[Answer],
    *,
    recipient: str,
    purpose: str,
    birth_dates: frozenset[date],
    sensitive: bool,
    policy: Policy,
    day: date,
) -> Standing:
    """How `section` stands on `day` by what was answered. The order of `answers` does not matter."""
    begun = [answer for answer in answers if answer.begins <= day]
    mine = [answer for answer in begun if answer.recipient == recipient]
    about = [answer for answer in mine if answer.purpose == purpose]
    if not about:
        return Standing(_elsewhere(begun, mine), None)
    named = [answer for answer in about if section in answer.sections]
    if not named:
        return Standing("section-not-consented", None)
    heard = [answer for answer in named if entitled(answer, birth_dates, policy)]
    if not heard:
        return Standing("giver-not-entitled", None)
    faults: set[Reason] = set()
    holding: list[Answer] = []
    for giver in ("student", "parental_authority"):
        said = [answer for answer in heard if answer.giver == giver]
        if not said:
            continue
        latest = max(answer.given_on for answer in said)
        for answer in said:
            if answer.given_on == latest:
                fault = _fault(answer, sensitive=sensitive, day=day)
                if fault is None:
                    holding.append(answer)
                else:
                    faults.add(fault)
    if not holding or "consent-refused" in faults or "consent-withdrawn" in faults:
        return Standing(next(reason for reason in REFUSALS if reason in faults), None)
    return Standing("permitted-by-consent", min(holding, key=lambda answer: answer.key))


def _elsewhere(begun: list[Answer], mine: list[Answer]) -> Reason:
    if any(answer.given for answer in mine):
        return "consent-other-purpose"
    if any(answer.given for answer in begun):
        return "consent-other-recipient"
    return "no-consent-in-force"


def _fault(answer: Answer, *, sensitive: bool, day: date) -> Reason | None:
    """Why the latest answer of a giver does not permit; None when it does."""
    if not answer.given:
        over = answer.end is not None and day >= answer.end
        return "no-consent-in-force" if over else "consent-refused"
    if answer.withdrawn_on is not None and answer.withdrawn_on <= day:
        return "consent-withdrawn"
    if answer.end is None or not answer.distinct:
        return "consent-without-effect"
    if day >= answer.end:
        return "consent-expired"
    if sensitive and not answer.express:
        return "sensitive-needs-express"
    return None
