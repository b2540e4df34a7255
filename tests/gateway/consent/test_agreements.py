"""Agreements: what a file may say, and on which days it may serve (quebec-education.md §8, C6 to C13)."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateway.operations
from canonical_model.errors import ConfigurationError
from gateway.consent import policy
from gateway.consent.agreements import BASES, check, parse, parse_all

DAY = date(2026, 2, 16)
RULES = policy.in_force(DAY)
GOOD = """
agreement: admission-916000
version: 1
from: [762000, 711000]
to: [916000]
purpose: admission
basis: consent_53_1
sections: {identity: mandatory, results_local: refusable, health: forbidden}
period: {start: 2025-09-01, end: 2026-09-01}
outside_quebec: no
transport: clara
"""
UNDER_68 = GOOD.replace("consent_53_1", "agreement_68") + "pia: EFVP-1\n"


def codes(text: str, day: date = DAY) -> list[str]:
    return [finding.code for finding in check(parse(text, "a.yaml"), day, RULES)]


def test_a_well_written_agreement_is_read_whole_and_is_in_force() -> None:
    found = parse(GOOD, "a.yaml")

    assert "admission-916000@1" == found.id
    assert {"762000", "711000"} == found.senders
    assert {"identity": "mandatory", "results_local": "refusable", "health": "forbidden"} == found.sections
    assert () == check(found, DAY, RULES)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("basis: consent_53_1", "basis: goodwill", "basis"),
        ("purpose: admission", "purpose: research", "purpose"),
        ("to: [916000]", "to: [cégep]", "to"),
        ("to: [916000]", "to: []", "to"),
        ("identity: mandatory", "identity: maybe", "sections.identity"),
        ("identity: mandatory", "horoscope: mandatory", "horoscope"),
        ("identity: mandatory", "consent: mandatory", "consent"),
        ("identity: mandatory", "bullying: refusable", "bullying"),
        ("end: 2026-09-01", "end: 2025-09-01", "period"),
        ("start: 2025-09-01", "start: soon", "period.start"),
        ("outside_quebec: no", "outside_quebec: perhaps", "outside_quebec"),
        ("transport: clara", "transport: clara\nsecret: x", "secret"),
        ("transport: clara\n", "", "transport"),
        ("basis: consent_53_1", "basis: law", "law"),
        ("transport: clara", "transport: clara\ncai_received_on: 2026-13-01", "cai_received_on"),
    ],
)
def test_what_an_agreement_may_not_say_is_refused_with_the_file_and_the_word(
    old: str, new: str, named: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(GOOD.replace(old, new), "a.yaml")

    assert caught.value.english.startswith("a.yaml")
    assert caught.value.french.startswith("a.yaml")
    assert named in caught.value.english


def test_one_agreement_written_in_two_files_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="admission-916000@1"):
        parse_all({"a.yaml": GOOD, "b.yaml": GOOD})


def test_an_agreement_under_section_68_serves_thirty_days_after_the_cai_received_it() -> None:
    """The worked example of the facts: received 2 January 2026, first release 1 February."""
    text = UNDER_68 + "cai_received_on: 2026-01-02\n"

    assert ["not-yet-in-force"] == codes(text, date(2026, 1, 31))
    assert [] == codes(text, date(2026, 2, 1))


def test_without_the_cai_receipt_or_the_assessment_it_never_serves() -> None:
    assert ["cai-receipt-missing"] == codes(UNDER_68)
    assert ["cai-receipt-missing", "pia-missing"] == codes(UNDER_68.replace("pia: EFVP-1\n", ""))


def test_sending_outside_quebec_needs_its_own_assessment() -> None:
    outside = GOOD.replace("outside_quebec: no", "outside_quebec: yes")

    assert ["outside-quebec-pia-missing"] == codes(outside)
    assert [] == codes(outside + "outside_quebec_pia: EFVP-9\n")


@given(st.dates(date(2025, 1, 1), date(2027, 12, 31)), st.sampled_from(sorted(BASES)))
def test_the_period_is_half_open_whatever_the_basis(day: date, basis: str) -> None:
    text = GOOD.replace("consent_53_1", basis) + "pia: EFVP-1\ncai_received_on: 2025-01-01\n"
    agreement = parse(text + ("law: LIP\n" if basis == "law" else ""), "a.yaml")

    in_force = check(agreement, day, RULES) == ()

    assert in_force == (date(2025, 9, 1) <= day < date(2026, 9, 1))


@given(st.dates(date(2025, 9, 1), date(2026, 6, 1)), st.integers(-40, 70))
def test_no_day_within_thirty_days_of_the_receipt_is_in_force(received: date, offset: int) -> None:
    agreement = parse(UNDER_68 + f"cai_received_on: {received}\n", "a.yaml")
    day = received + timedelta(days=offset)

    in_force = check(agreement, day, RULES) == ()

    assert in_force == (offset >= 30 and agreement.period.holds(day))


def test_every_finding_has_words_in_both_languages() -> None:
    text = UNDER_68.replace("pia: EFVP-1\n", "").replace("outside_quebec: no", "outside_quebec: yes")
    found = check(parse(text, "a.yaml"), date(2030, 1, 1), RULES)

    assert 4 == len(found)
    assert all(finding.french and finding.english for finding in found)


def test_the_agreements_of_the_demonstration_are_in_force_but_one_that_came_too_late() -> None:
    folder = Path(gateway.operations.__file__).parent / "demo_site" / "agreements"
    found = parse_all({path.name: path.read_text("utf-8") for path in folder.glob("*.yaml")})

    late = {item.id: item.first_day(RULES) for item in found if check(item, DAY, RULES)}

    assert {"admission-889000-916000@1": date(2026, 3, 4)} == late


def test_the_rules_of_a_day_are_the_newest_file_not_after_it() -> None:
    assert "2026-01-01" == policy.in_force(DAY).version
    assert policy.versions()[0] == policy.in_force(date(1990, 1, 1))


@pytest.mark.parametrize(
    ("data", "version"),
    [
        ({"policy": "2026-01-01"}, "2026-01-01"),
        (
            {"policy": "2026-01-01", "source": "x", "age_of_own_answer": "14", "age_of_majority": "18",
             "days_after_cai_receipt": "30"},
            "2027-01-01",
        ),
        (
            {"policy": "2026-01-01", "source": "x", "age_of_own_answer": "fourteen",
             "age_of_majority": "18", "days_after_cai_receipt": "30"},
            "2026-01-01",
        ),
    ],
)  # fmt: skip
def test_rules_that_are_incomplete_or_misnamed_are_refused(data: dict[str, str], version: str) -> None:
    with pytest.raises(ConfigurationError, match=r"policy/r\.yaml"):
        policy.parse(data, name="r.yaml", version=version)
