"""The decision: what it permits, what it refuses and why; and what it never does, whatever the facts."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical_model.base import SENSITIVITY
from canonical_model.released import Decision
from gateway.consent import policy
from gateway.consent.agreements import Agreement, check, parse
from gateway.consent.answers import Answer
from gateway.consent.decide import Subject, bodies, decide, decide_all
from gateway.consent.explain import explain
from gateway.consent.policy import birthday
from gateway.consent.reasons import PERMITTED, REFUSALS

DAY = date(2026, 2, 16)
RULES = policy.in_force(DAY)
BORN = date(2009, 3, 14)
AGREEMENT = parse(
    """
agreement: admission
version: 1
from: [762000]
to: [916000]
purpose: admission
basis: consent_53_1
sections: {identity: mandatory, results_local: refusable, difficulty: refusable, health: forbidden,
  bullying: forbidden}
period: {start: 2025-09-01, end: 2026-09-01}
pia: EFVP-1
cai_received_on: 2025-06-01
outside_quebec: no
transport: clara
""",
    "a.yaml",
)
YES = Answer(
    key="mozaik_inscription@762000/1",
    organization="762000",
    recipient="916000",
    purpose="admission",
    sections=frozenset({"identity", "results_local"}),
    given=True,
    giver="student",
    given_on=date(2025, 11, 3),
    start=date(2025, 11, 3),
    end=date(2026, 9, 1),
    distinct=True,
)
ASKED = frozenset({"identity", "results_local"})


def subject(*answers: Answer, born: date = BORN) -> Subject:
    return Subject("p1", frozenset({"762000"}), frozenset({born}), answers)


def ask(
    *answers: Answer,
    born: date = BORN,
    asked: frozenset[str] = ASKED,
    agreements: tuple[Agreement, ...] = (AGREEMENT,),
    recipient: str = "916000",
    purpose: str = "admission",
    day: date = DAY,
) -> Decision:
    return decide(
        subject(*answers, born=born),
        recipient=recipient, purpose=purpose, asked=asked, agreements=agreements, policy=RULES, day=day,
    )  # fmt: skip


def under(basis: str) -> Agreement:
    return replace(AGREEMENT, basis=basis, law="LIP" if basis == "law" else None)


def test_an_agreement_and_a_consent_in_force_permit_what_both_name() -> None:
    found = ask(YES)

    assert ASKED == found.fields
    assert ("permitted-by-consent", "admission@1", YES.key) == (found.reason, found.agreement, found.consent)
    assert ("consent_53_1", "2026-01-01", ()) == (found.basis, found.policy, found.withheld)


def test_nobody_answered_so_nothing_leaves() -> None:
    assert "no-consent-in-force" == ask().reason
    assert not ask().permits


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (replace(YES, given=False), "consent-refused"),
        (replace(YES, withdrawn_on=DAY), "consent-withdrawn"),
        (replace(YES, end=DAY), "consent-expired"),
        (replace(YES, start=DAY + timedelta(days=1)), "no-consent-in-force"),
        (replace(YES, given_on=DAY + timedelta(days=1)), "no-consent-in-force"),
        (replace(YES, recipient="951000"), "consent-other-recipient"),
        (replace(YES, purpose="transport"), "consent-other-purpose"),
        (replace(YES, distinct=False), "consent-without-effect"),
        (replace(YES, end=None), "consent-without-effect"),
        (replace(YES, organization="711000"), "no-consent-in-force"),
    ],
)
def test_a_consent_that_does_not_count_is_refused_by_its_name(answer: Answer, reason: str) -> None:
    found = ask(answer)

    assert frozenset() == found.fields
    assert reason == found.reason


def test_a_withdrawal_counts_from_its_day_and_not_before() -> None:
    assert ask(replace(YES, withdrawn_on=DAY + timedelta(days=1))).permits
    assert not ask(replace(YES, withdrawn_on=DAY)).permits


def test_on_the_fourteenth_birthday_the_pupil_may_answer_and_not_the_day_before() -> None:
    """The worked example of the facts: born 2012-05-10."""
    born = date(2012, 5, 10)
    early = replace(YES, given_on=date(2026, 5, 9), start=date(2026, 5, 9))
    on_time = replace(YES, given_on=date(2026, 5, 10), start=date(2026, 5, 10))

    assert "giver-not-entitled" == ask(early, born=born, day=date(2026, 6, 1)).reason
    assert ask(on_time, born=born, day=date(2026, 6, 1)).permits
    assert ask(replace(early, giver="parental_authority"), born=born, day=date(2026, 6, 1)).permits


def test_from_eighteen_the_person_alone_answers_and_an_earlier_consent_of_a_parent_stands() -> None:
    parent = replace(YES, giver="parental_authority", given_on=date(2025, 11, 3))

    assert "giver-not-entitled" == ask(parent, born=date(2007, 11, 3)).reason
    assert ask(parent, born=date(2007, 11, 4)).permits
    assert ask(replace(parent, giver="student"), born=date(2007, 11, 3)).permits


def test_who_was_born_on_29_february_comes_of_age_on_1_march() -> None:
    assert date(2022, 3, 1) == birthday(date(2008, 2, 29), 14)
    assert date(2024, 2, 29) == birthday(date(2008, 2, 29), 16)


def test_an_unknown_birth_date_entitles_nobody_and_two_entitle_only_by_both() -> None:
    unknown = Subject("p1", frozenset({"762000"}), frozenset(), (YES,))
    both = Subject("p1", frozenset({"762000"}), frozenset({BORN, date(2013, 1, 1)}), (YES,))

    for person in (unknown, both):
        found = decide(
            person, recipient="916000", purpose="admission", asked=ASKED, agreements=(AGREEMENT,),
            policy=RULES, day=DAY,
        )  # fmt: skip
        assert "giver-not-entitled" == found.reason


def test_a_refusal_by_the_pupil_or_by_a_parent_prevails_over_the_other_s_consent() -> None:
    parent = replace(YES, key="2", giver="parental_authority", given_on=date(2025, 12, 1))

    assert "consent-refused" == ask(YES, replace(parent, given=False)).reason
    assert "consent-refused" == ask(replace(YES, given=False), parent).reason


def test_the_latest_answer_counts_and_what_it_replaced_does_not_revive() -> None:
    later = replace(YES, key="2", given_on=date(2026, 1, 5), start=date(2026, 1, 5))

    assert ask(replace(YES, given=False), later).permits
    assert "consent-refused" == ask(YES, replace(later, given=False)).reason
    assert "consent-withdrawn" == ask(YES, replace(later, withdrawn_on=DAY)).reason
    assert "consent-expired" == ask(YES, replace(later, end=DAY)).reason


def test_two_answers_of_one_day_that_contradict_each_other_are_a_refusal() -> None:
    assert "consent-refused" == ask(YES, replace(YES, key="2", given=False)).reason


def test_a_refusal_past_its_end_says_nothing_any_more() -> None:
    over = replace(YES, given=False, end=date(2026, 1, 1))
    parent = replace(YES, key="2", giver="parental_authority")

    assert "no-consent-in-force" == ask(over).reason
    assert ask(over, parent).permits


def test_an_answer_of_someone_who_could_not_give_it_neither_permits_nor_forbids() -> None:
    child = replace(YES, key="2", given=False)
    parent = replace(YES, giver="parental_authority")

    assert ask(child, parent, born=date(2014, 1, 1)).permits


def test_a_section_that_was_not_consented_is_withheld_and_the_other_leaves() -> None:
    found = ask(replace(YES, sections=frozenset({"identity"})))

    assert {"identity"} == found.fields
    assert (("results_local", "section-not-consented"),) == found.withheld


def test_without_a_mandatory_section_the_rest_does_not_leave_alone() -> None:
    only_results = replace(YES, sections=frozenset({"results_local"}))
    found = ask(only_results)
    alone = ask(only_results, asked=frozenset({"results_local"}))

    assert "section-not-consented" == found.reason
    assert "mandatory-section-withheld" == dict(found.withheld)["results_local"]
    assert not alone.permits


def test_a_sensitive_section_needs_an_express_consent() -> None:
    asked = frozenset({"identity", "difficulty"})
    named = replace(YES, sections=asked)

    assert (("difficulty", "sensitive-needs-express"),) == ask(named, asked=asked).withheld
    assert asked == ask(replace(named, express=True), asked=asked).fields


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("health", "section-forbidden"),
        ("bullying", "section-restricted"),
        ("transport", "section-not-in-agreement"),
        ("consent", "section-not-in-agreement"),
        ("horoscope", "section-not-in-agreement"),
    ],
)
def test_a_section_that_the_agreement_does_not_give_is_withheld(section: str, reason: str) -> None:
    everything = replace(YES, sections=frozenset({"identity", section}), express=True)
    found = ask(everything, asked=frozenset({section}))

    assert (frozenset(), reason) == (found.fields, found.reason)


def test_a_restricted_section_does_not_leave_even_when_an_agreement_was_made_to_name_it() -> None:
    made = replace(under("law"), sections={"bullying": "mandatory"})

    assert "section-restricted" == ask(asked=frozenset({"bullying"}), agreements=(made,)).reason


def test_without_an_agreement_that_fits_the_reason_says_what_does_not() -> None:
    assert "no-agreement" == ask(YES, agreements=()).reason
    assert "no-agreement" == ask(YES, recipient="951000").reason
    assert "purpose-not-covered" == ask(YES, purpose="ministry_declaration").reason
    assert "agreement-not-in-force" == ask(YES, day=date(2026, 9, 1)).reason
    assert "nothing-asked" == ask(YES, asked=frozenset()).reason


@pytest.mark.parametrize(
    ("basis", "reason"),
    [
        ("law", "permitted-by-law"),
        ("agreement_68", "permitted-by-agreement"),
        ("mandate_67_2", "permitted-by-mandate"),
    ],
)
def test_another_basis_needs_no_consent_and_a_refusal_keeps_back_what_is_refusable(
    basis: str, reason: str
) -> None:
    silent = ask(agreements=(under(basis),))
    refused = ask(replace(YES, given=False), agreements=(under(basis),))

    assert (ASKED, reason, None) == (silent.fields, silent.reason, silent.consent)
    assert {"identity"} == refused.fields
    assert (("results_local", "consent-refused"),) == refused.withheld


def test_of_two_agreements_in_force_the_one_that_gives_more_carries_the_decision() -> None:
    narrow = replace(AGREEMENT, id="a-narrow@1", sections={"identity": "mandatory"})

    assert "admission@1" == ask(YES, agreements=(narrow, AGREEMENT)).agreement
    assert "a-narrow@1" == ask(YES, agreements=(AGREEMENT, narrow), asked=frozenset({"identity"})).agreement


def test_a_consent_opens_the_records_of_the_body_that_asked_for_it_and_of_no_other() -> None:
    joined = replace(AGREEMENT, senders=frozenset({"762000", "711000"}))
    theirs = replace(YES, key="2", organization="711000", sections=frozenset({"identity"}))
    both = frozenset({"762000", "711000"})
    person = Subject("p1", both, frozenset({BORN}), (YES, theirs))
    halves = replace(person, answers=(theirs, replace(YES, sections=frozenset({"results_local"}))))
    facts = {"recipient": "916000", "purpose": "admission", "asked": ASKED, "policy": RULES, "day": DAY}

    found = decide(person, agreements=(joined,), **facts)
    split = decide(halves, agreements=(joined,), **facts)
    lawful = decide(person, agreements=(replace(joined, basis="law"),), **facts)

    assert (ASKED, {"762000"}) == (found.fields, bodies(found, person, (joined,)))
    assert ({"identity"}, {"711000"}) == (split.fields, bodies(split, halves, (joined,)))
    assert both == bodies(lawful, person, (joined,))
    assert frozenset() == bodies(decide(person, agreements=(), **facts), person, ())


def test_the_marker_changes_with_every_fact_and_only_with_facts() -> None:
    found = ask(YES)

    assert found.marker == ask(YES).marker
    assert 64 == len(found.marker)
    others = [
        ask(YES, day=DAY + timedelta(days=1)),
        ask(YES, asked=frozenset({"identity"})),
        ask(replace(YES, key="2")),
        ask(),
        ask(YES, agreements=(replace(AGREEMENT, id="admission@2"),)),
    ]
    assert 6 == len({found.marker, *(item.marker for item in others)})


def test_a_decision_is_explained_in_words_and_names_nobody() -> None:
    found = ask(replace(YES, sections=frozenset({"identity"})))

    french, english = explain(found, "fr"), explain(found, "en")

    assert french[0].startswith("La personne")
    assert "résultats de l'école : Le consentement ne nomme pas cette section." == french[1]
    assert "school results: The consent does not name this section." == english[1]
    assert all("p1" not in line for line in (*french, *english))


CAST = ("identity", "results_local", "difficulty")


@dataclass(frozen=True)
class World:
    """One invented case: what was answered, agreed, born, asked, and when."""

    answers: tuple[Answer, ...]
    agreements: tuple[Agreement, ...]
    births: frozenset[date]
    asked: frozenset[str]
    day: date

    def decide(self, name: str = "p1") -> Decision:
        return decide(
            Subject(name, frozenset({"762000"}), self.births, self.answers),
            recipient="916000", purpose="admission", asked=self.asked, agreements=self.agreements,
            policy=RULES, day=self.day,
        )  # fmt: skip

    def shuffled(self, dice: random.Random) -> "World":
        mixed = [list(self.answers), list(self.agreements)]
        for part in mixed:
            dice.shuffle(part)
        return replace(self, answers=tuple(mixed[0]), agreements=tuple(mixed[1]))


def world(seed: int) -> World:
    """A case in which each condition mostly holds, so that all of them together hold often enough."""
    dice = random.Random(seed)
    day = DAY + timedelta(days=dice.randint(-120, 120))

    def mostly(right: str, *wrong: str) -> str:
        return right if dice.random() < 0.85 else dice.choice(wrong)

    def around(base: date, spread: int) -> date:
        return base + timedelta(days=dice.randint(-spread, spread))

    def sections() -> frozenset[str]:
        common = frozenset(name for name in CAST if dice.random() < 0.8)
        return common | frozenset(dice.sample((*sorted(SENSITIVITY), "horoscope"), dice.randint(0, 2)))

    def answer(number: int) -> Answer:
        return Answer(
            key=str(number),
            organization=mostly("762000", "711000"),
            recipient=mostly("916000", "951000"),
            purpose=mostly("admission", "ministry_declaration"),
            sections=sections(),
            given=dice.random() < 0.85,
            giver=dice.choice(("student", "parental_authority")),
            given_on=around(date(2025, 11, 3), 30),
            start=around(date(2025, 11, 3), 30),
            end=around(date(2026, 6, 1), 120) if dice.random() < 0.9 else None,
            distinct=dice.random() < 0.9,
            withdrawn_on=around(date(2026, 3, 1), 60) if dice.random() < 0.15 else None,
            express=dice.random() < 0.5,
        )

    def agreement(number: int) -> Agreement:
        basis = dice.choice(("consent_53_1", "consent_53_1", "law", "agreement_68", "mandate_67_2"))
        return replace(
            AGREEMENT,
            id=f"a{number}@1",
            senders=frozenset({mostly("762000", "711000")}),
            recipients=frozenset({mostly("916000", "951000")}),
            purpose=mostly("admission", "ministry_declaration"),
            basis=basis,
            sections={
                name: dice.choice(("mandatory", "refusable", "refusable", "forbidden"))
                for name in (*CAST, *dice.sample(sorted(SENSITIVITY), 2))
            },
            cai_received_on=around(date(2026, 1, 1), 60) if dice.random() < 0.9 else None,
            pia="EFVP-1" if dice.random() < 0.9 else None,
        )

    births = [date(2008, 11, 3) + timedelta(days=dice.randint(-600, 2400)) for _ in range(dice.randint(1, 2))]
    return World(
        tuple(answer(number) for number in range(dice.randint(0, 4))),
        tuple(agreement(number) for number in range(dice.randint(0, 3))),
        frozenset(births if dice.random() < 0.95 else ()),
        sections(),
        day,
    )


SEEDS = st.integers(0, 2**32)


@settings(max_examples=600)
@given(SEEDS)
def test_whatever_the_facts_no_more_leaves_than_was_asked_agreed_and_consented(seed: int) -> None:
    case = world(seed)
    found = case.decide()

    assert found.fields <= case.asked
    assert case.asked - found.fields == {section for section, _ in found.withheld}
    assert (found.reason in PERMITTED) == found.permits
    assert (found.reason in REFUSALS) == (not found.permits)
    if not found.permits:
        return
    (agreement,) = [item for item in case.agreements if item.id == found.agreement]
    assert "762000" in agreement.senders
    assert "916000" in agreement.recipients
    assert "admission" == agreement.purpose
    assert () == check(agreement, case.day, RULES)
    for section in found.fields:
        assert agreement.sections[section] in ("mandatory", "refusable")
        assert SENSITIVITY[section] != "restricted"
        if agreement.basis == "consent_53_1":
            assert any(holds(answer, section, case.births, case.day) for answer in case.answers)


@settings(max_examples=200)
@given(SEEDS)
def test_the_order_of_facts_changes_nothing(seed: int) -> None:
    case = world(seed)

    assert case.decide() == case.shuffled(random.Random(seed + 1)).decide()


@settings(max_examples=200)
@given(SEEDS)
def test_withdrawing_everything_leaves_nothing_on_consent(seed: int) -> None:
    case = world(seed)
    withdrawn = tuple(replace(answer, withdrawn_on=case.day) for answer in case.answers)

    found = replace(case, answers=withdrawn).decide()

    assert "consent_53_1" != found.basis or not found.permits


@settings(max_examples=200)
@given(SEEDS)
def test_one_more_refusal_by_the_pupil_of_age_never_lets_more_leave(seed: int) -> None:
    """Under one agreement: with two, what one no longer gives another may give by its own basis."""
    case = replace(world(seed), agreements=world(seed).agreements[:1])
    no = replace(YES, key="no", given=False, given_on=case.day, end=None, sections=case.asked)
    older = replace(case, births=frozenset({date(2009, 1, 1)}))

    after = replace(older, answers=(*older.answers, no)).decide()

    assert after.fields <= older.decide().fields
    assert "consent_53_1" != after.basis or not after.permits


def test_the_invented_cases_are_not_all_refusals() -> None:
    """Else the properties above would hold of nothing."""
    decisions = [world(seed).decide() for seed in range(2000)]
    reasons = Counter(found.reason for found in decisions)
    withheld = {reason for found in decisions for _, reason in found.withheld}

    assert all(reasons[code] >= 40 for code in PERMITTED)
    assert set(REFUSALS) - {"nothing-asked"} <= withheld


def holds(answer: Answer, section: str, births: frozenset[date], day: date) -> bool:
    """The law's conditions on one consent, written again without the code under test (C1, C3, C5)."""
    of_age = all(
        answer.given_on >= date(born.year + 14, 3, 1)
        if (born.month, born.day) == (2, 29)
        else answer.given_on >= born.replace(year=born.year + 14)
        for born in births
    )
    adult = any(
        answer.given_on >= date(born.year + 18, 3, 1)
        if (born.month, born.day) == (2, 29)
        else answer.given_on >= born.replace(year=born.year + 18)
        for born in births
    )
    return (
        bool(births)
        and (answer.organization, answer.recipient, answer.purpose) == ("762000", "916000", "admission")
        and answer.given
        and answer.distinct
        and section in answer.sections
        and max(answer.start, answer.given_on) <= day
        and answer.end is not None
        and day < answer.end
        and (answer.withdrawn_on is None or day < answer.withdrawn_on)
        and (of_age if answer.giver == "student" else not adult)
        and (answer.express or SENSITIVITY[section] == "ordinary")
    )


@settings(max_examples=100)
@given(SEEDS)
def test_many_persons_are_decided_as_one_is(seed: int) -> None:
    case = world(seed)
    people = [
        Subject(f"p{number}", frozenset({"762000"}), case.births, case.answers[number:])
        for number in range(3)
    ]

    bulk = decide_all(
        people, recipient="916000", purpose="admission", asked=case.asked,
        agreements=iter(case.agreements), policy=RULES, day=case.day,
    )  # fmt: skip

    alone = [replace(case, answers=person.answers).decide(person.id) for person in people]
    assert list(bulk) == alone
