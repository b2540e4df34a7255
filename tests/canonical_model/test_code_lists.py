"""The code lists as they are shipped: whole, bilingual, dated, sourced; what is not public is not in them."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from canonical_model import codings, resources, strict_yaml
from canonical_model.base import SENSITIVITY, Section, Sensitivity
from canonical_model.codings import CodeList, Coding, in_force
from canonical_model.elements import described
from canonical_model.errors import ConfigurationError
from canonical_model.money import Money

FILES = sorted(codings.FOLDER.glob("*.yaml"))
# Closed in the code itself: a list gives the words of what a type or the fields' names hold (test_closed_lists.py).
HELD_BY_A_TYPE = {"currency", "dossier_section", "exam_mark_kind", "sensitivity"}
SYSTEMS = sorted({path.stem.split(".")[0] for path in FILES})
LIST_KEYS = {"system", "version", "source", "coverage", "definition_fr", "definition_en", "codes"}
CODE_KEYS = {"fr", "en", "definition_fr", "definition_en", "source", "counts_as_success"}
OF_A_STANDARD = {"country", "currency", "language", "province"}  # one definition may hold for all their codes
WORDS_NOT_PUBLIC = {"measure_kind", "result_code", "result_remark_college"}
COVERAGES = {"complete", "partial", "site", "ours"}
DAY = date(2026, 2, 16)


def codes(system: str) -> set[str]:
    return set(in_force(system, DAY).codes)


def shipped(path: Path) -> CodeList:
    """The list that a file holds, as the model reads it."""
    system, version = path.stem.split(".")
    (held,) = (item for item in codings.versions(system) if item.version == version)
    return held


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def written(request: pytest.FixtureRequest) -> tuple[Path, dict[str, Any]]:
    """One file, and what it says: read strictly, so that a code written twice is refused."""
    return request.param, strict_yaml.load_file(request.param)


def test_a_list_says_its_name_its_day_and_its_source(written: tuple[Path, dict[str, Any]]) -> None:
    path, data = written

    assert path.stem == f"{data['system']}.{data['version']}"
    assert data["version"] == date.fromisoformat(data["version"]).isoformat()
    assert data["source"].strip()
    assert data.get("coverage", "complete") in COVERAGES
    assert data.keys() <= LIST_KEYS


def test_every_code_has_words_in_both_languages(written: tuple[Path, dict[str, Any]]) -> None:
    for code, entry in written[1]["codes"].items():
        assert entry.keys() <= CODE_KEYS, code
        assert all(text and text == text.strip() for text in entry.values()), code
        assert {"fr", "en"} <= entry.keys(), code
        assert ("definition_fr" in entry) == ("definition_en" in entry), code


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_code_has_a_definition_in_both_languages_and_a_source(path: Path) -> None:
    for code in shipped(path).codes.values():
        assert code.source.strip(), code.code
        assert code.definition_french != code.definition_english, code.code
        for words, definition in (
            (code.french, code.definition_french),
            (code.english, code.definition_english),
        ):
            assert len(definition) >= 15, code.code
            assert definition.rstrip(".").casefold() != words.casefold(), code.code
            assert definition.endswith("."), code.code
            assert " ".join(definition.split()) == definition, code.code


def test_only_the_lists_of_a_standard_define_their_codes_together() -> None:
    together = {
        data["system"]
        for data in map(strict_yaml.load_file, FILES)
        if data.keys() & {"definition_fr", "definition_en"}
    }

    assert OF_A_STANDARD == together


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_two_codes_of_a_list_have_the_same_definition_of_their_own(path: Path) -> None:
    held = shipped(path)
    for shared, said in (
        (held.definition_french, [code.definition_french for code in held.codes.values()]),
        (held.definition_english, [code.definition_english for code in held.codes.values()]),
    ):
        own = [text for text in said if text != shared]

        assert sorted(set(own)) == sorted(own)


def test_a_code_whose_wording_is_not_public_says_so_in_its_definition() -> None:
    for system in WORDS_NOT_PUBLIC:
        for code in in_force(system, DAY).codes.values():
            if (system, code.code) == ("result_code", "NE"):  # its meaning is inferred, and it says so
                assert "sens inféré" in code.definition_french
                assert "inferred" in code.definition_english
                continue
            assert code.definition_french.startswith("Libellé non publié"), code.code
            assert code.definition_english.startswith("Wording not public"), code.code


@pytest.mark.parametrize("missing", ["fr", "en", "definition_fr", "definition_en"])
def test_a_code_that_lacks_a_part_is_refused_by_its_name(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"fr": "Un", "en": "One", "definition_fr": "Premier niveau.", "definition_en": "First level."}
    said = ", ".join(f'{key}: "{text}"' for key, text in entry.items() if key != missing)
    text = f"system: level\nversion: 2024-07-01\nsource: test\ncodes:\n  A: {{{said}}}\n"
    (tmp_path / "level.2024-07-01.yaml").write_text(text, "utf-8")
    monkeypatch.setattr(codings, "FOLDER", tmp_path)

    with pytest.raises(
        ConfigurationError, match=rf"level\.2024-07-01\.yaml: the code A is without `{missing}`\."
    ) as raised:
        codings.versions("level")
    assert f"le code A est sans `{missing}`." in raised.value.french


def test_the_source_of_a_code_is_its_own_or_that_of_its_list() -> None:
    held = in_force("language", DAY)

    assert ("ISO 639-3", held.source) == (held.codes["moe"].source, held.codes["fr"].source)


def test_every_code_fits_a_coding(written: tuple[Path, dict[str, Any]]) -> None:
    data = written[1]
    for code in data["codes"]:
        Coding(system=data["system"], version=data["version"], code=code)


def test_no_two_codes_of_a_list_have_the_same_words(written: tuple[Path, dict[str, Any]]) -> None:
    for language in ("fr", "en"):
        words = [entry[language] for entry in written[1]["codes"].values()]

        assert sorted(set(words)) == sorted(words)


def test_every_list_that_a_field_names_is_there_and_no_list_is_forgotten() -> None:
    named = {
        field.code_system
        for name in resources.NAMES
        for field in described(resources.resource(name), resources.resource(name).SECTION)
        if field.code_system
    }

    assert set() == named - set(SYSTEMS)
    assert HELD_BY_A_TYPE == set(SYSTEMS) - named


def test_every_kind_of_evidence_that_the_hub_writes_has_its_domain_in_the_list() -> None:
    gateway = codings.FOLDER.parents[1] / "gateway"
    written = [
        kind
        for path in gateway.rglob("*.py")
        for kind in re.findall(r'(?:Entry\(\s*|kind = )"([a-z]+)\.[a-z-]+"', path.read_text("utf-8"))
    ]

    assert {"intake", "release", "billing"} <= set(written) <= codes("audit_event_kind")


def test_no_list_is_read_before_it_is_asked_for() -> None:
    program = """
import canonical_model, canonical_model.registry, canonical_model.resources as resources
for name in resources.NAMES:
    resources.resource(name)
from canonical_model import codings, registry
print(codings.versions.cache_info().currsize, registry.versions.cache_info().currsize)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, cwd=codings.FOLDER.parents[1],
    )  # fmt: skip

    assert "0 0" == done.stdout.strip()


def test_the_sections_and_sensitivities_are_those_of_the_model() -> None:
    assert set(get_args(Section)) == codes("dossier_section") == SENSITIVITY.keys()
    assert set(get_args(Sensitivity)) == codes("sensitivity")


def test_the_difficulty_codes_are_those_whose_meaning_is_public() -> None:
    assert {"14", "23", "24", "33", "34", "36", "42", "44", "50", "53", "99"} == codes("difficulty_code")


@pytest.mark.parametrize(
    ("system", "known"),
    [
        ("absence_kind", "justified unjustified late"),
        ("address_type", "1 2 3 4 5 6"),
        ("course_state", "0 1 5 6 8"),
        ("education_order", "1 2 3 4"),
        ("english_eligibility_kind", "declaration special temporary"),
        ("enrolment_type", "youth adult vocational college"),
        ("exam_mark_kind", "school_raw school_moderated exam_raw exam_converted final"),
        ("frequentation_kind", "FIN FRE"),
        ("measure_kind", "11 22 23 32 33 34"),
        ("slip_code", "R A D"),
        ("stop_type", "1 3 4"),
        ("transport_period", "1 2 4 8"),
    ],
)
def test_the_lists_of_the_facts_hold_what_the_facts_say(system: str, known: str) -> None:
    assert set(known.split()) == codes(system)


def test_a_list_that_is_not_whole_says_so() -> None:
    for system in ("difficulty_code", "stop_type", "client", "credential_type", "organization_type"):
        assert "partial" == in_force(system, DAY).coverage
    for system in ("measure_kind", "behaviour_kind", "legal_basis", "result_remark_college"):
        assert "site" == in_force(system, DAY).coverage


def test_the_remarks_of_colleges_are_opaque() -> None:
    held = in_force("result_remark_college", DAY).codes

    assert {None} == {code.counts_as_success for code in held.values()}


def test_the_world_is_whole_and_canada_comes_first() -> None:
    countries = in_force("country", DAY).codes

    assert (249, "CA") == (len(countries), next(iter(countries)))
    assert all(re.fullmatch("[A-Z]{2}", code) for code in countries)
    assert ("Allemagne", "Germany") == (countries["DE"].french, countries["DE"].english)
    assert not {"UN", "EU", "ZZ", "XK"} & countries.keys()


def test_the_provinces_are_the_thirteen_of_canada() -> None:
    known = {"AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"}

    assert known == codes("province")


def test_the_currency_of_money_is_in_the_list() -> None:
    assert Money.model_fields["currency"].default in codes("currency")


def test_the_languages_hold_those_of_the_first_peoples_of_quebec() -> None:
    assert {"fr", "en", "iu", "crl", "crj", "atj", "moe", "nsk", "alq", "mic", "moh", "abe", "wdt"} <= codes(
        "language"
    )
    assert all(re.fullmatch("[a-z]{2,3}", code) for code in codes("language"))
