"""The table of a school year: data that a site may replace, checked against model and contract."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from canonical_model import codings
from canonical_model.errors import ConfigurationError, IntegrityError
from connectors.kit import load as connectors
from gateway.ministry import content, years

REFERENCE = years.load(Path("/absent"), 2025)
CONTRACT = connectors.manifest("charlemagne").contract.path.parent / "2025"
SCHEMA = {"xs": "http://www.w3.org/2001/XMLSchema"}

STUDENT = {
    "code_permanent": "ZZZZ67531000",
    "family_name": "Exemple",
    "given_name": "Zoé",
    "birth_date": "2010-03-05",
    "sex": {"system": "sex", "version": "2024-07-01", "code": "F"},
}
ENROLMENT = {
    "organization": "762000",
    "school": "762010",
    "level": {"system": "school_level", "version": "2024-07-01", "code": "SECONDARY3"},
    "period": {"start": "2025-08-27", "end": None},
}


def test_the_fields_are_those_of_the_contract_in_its_order() -> None:
    tags = etree.parse(CONTRACT / "declaration.xsd").xpath(
        "//xs:complexType[@name='Declaration']/xs:sequence/xs:element/@name", namespaces=SCHEMA
    )

    assert [REFERENCE.number, *(field.tag for field in REFERENCE.fields)] == tags


@pytest.mark.parametrize(
    ("tag", "kind", "system"), [("SEXE", "Sexe", "sex"), ("NIVEAU", "Niveau", "school_level")]
)
def test_every_code_of_the_model_has_one_of_the_contract(tag: str, kind: str, system: str) -> None:
    field = REFERENCE.field(tag)
    assert field is not None
    assert field.codes is not None
    told = etree.parse(CONTRACT / "declaration.xsd").xpath(
        f"//xs:simpleType[@name='{kind}']//xs:enumeration/@value", namespaces=SCHEMA
    )

    assert set(codings.versions(system)[-1].codes) == set(field.codes)
    assert sorted(told) == sorted(field.codes.values())


def test_every_error_code_of_the_contract_has_its_words() -> None:
    text = (CONTRACT / "retour.xsd").read_text("utf-8")

    listed = re.findall(r"^ {7}([CE]\d{3}) ", text, re.MULTILINE)
    assert listed == list(REFERENCE.errors)
    assert all(french and english for french, english in REFERENCE.errors.values())


def test_a_sites_own_table_is_read_first(tmp_path: Path) -> None:
    own = tmp_path / "ministry" / "2025.yaml"
    own.parent.mkdir()
    text = (years.FOLDER / "2025.yaml").read_text("utf-8")
    own.write_text(text.replace("NO_TRANS", "NUMERO"), "utf-8")

    assert "NUMERO" == years.load(tmp_path, 2025).number


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("school_year: 2025", "school_year: 2024"),
        ("code_lists: 2025-07-01", ""),
        ("  reference: REF_DECL", "  référence: REF_DECL #"),
        ("path: birth_date", "path: birthday"),
        ("resource: Student, path: birth_date", "resource: Pupil, path: birth_date"),
        ("{resource: Student, path: birth_date}", "birth_date"),
        ("    en: School unknown", "    de: School unknown"),
    ],
)
def test_a_table_that_is_wrong_is_refused_by_file(tmp_path: Path, old: str, new: str) -> None:
    own = tmp_path / "ministry" / "2025.yaml"
    own.parent.mkdir()
    text = (years.FOLDER / "2025.yaml").read_text("utf-8")
    assert old in text
    own.write_text(text.replace(old, new), "utf-8")

    with pytest.raises(ConfigurationError, match=r"2025\.yaml"):
        years.load(tmp_path, 2025)


def _paths(record: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name, value in record.items():
        found += _paths(value, f"{prefix}{name}.") if isinstance(value, dict) else [f"{prefix}{name}"]
    return found


def _without(record: dict[str, Any], gone: set[str], prefix: str = "") -> dict[str, Any]:
    return {
        name: _without(value, gone, f"{prefix}{name}.") if isinstance(value, dict) else value
        for name, value in record.items()
        if f"{prefix}{name}" not in gone
    }


@given(st.sets(st.sampled_from(_paths(STUDENT))), st.sets(st.sampled_from(_paths(ENROLMENT))))
def test_a_record_is_declared_with_all_its_fields_or_not_and_says_why(
    of_student: set[str], of_enrolment: set[str]
) -> None:
    records = {"Student": _without(STUDENT, of_student), "Enrolment": _without(ENROLMENT, of_enrolment)}
    gone = {("Student", path) for path in of_student} | {("Enrolment", path) for path in of_enrolment}
    needed = {(field.resource, field.path): field for field in REFERENCE.fields}

    fields, reason = content.declared_fields(REFERENCE, records)

    missing = [
        f"no-{path.replace('_', '-').replace('.', '-')}" for who, path in needed if (who, path) in gone
    ]
    assert reason == (missing[0] if missing else None)
    if reason is None:
        assert [field.tag for field in REFERENCE.fields] == list(fields)
        assert all(fields.values())


def test_a_code_that_the_ministry_does_not_have_is_not_declared() -> None:
    other = ENROLMENT | {"level": {"code": "ADULT"}}

    fields, reason = content.declared_fields(REFERENCE, {"Student": STUDENT, "Enrolment": other})

    assert "no-ministry-code-for-level-code" == reason
    assert "NIVEAU" not in fields


COUNT = st.integers(min_value=0, max_value=50)
REASONS = st.dictionaries(st.sampled_from(("a", "b", "c")), st.integers(min_value=1, max_value=9))


@given(COUNT, COUNT, COUNT, REASONS, REASONS, REASONS, st.integers(min_value=-1, max_value=1))
def test_counts_that_do_not_balance_stop_everything(  # noqa: PLR0917 - one argument for each count
    accepted: int,
    corrected: int,
    unchanged: int,
    rejected: dict[str, int],
    apart: dict[str, int],
    withheld: dict[str, int],
    error: int,
) -> None:
    declared = accepted + corrected + sum(rejected.values())
    counts = {
        "enrolled": declared + unchanged + sum(apart.values()) + sum(withheld.values()),
        "declared": declared,
        "unchanged": unchanged,
        "not_declarable": apart,
        "withheld": withheld,
        "accepted": accepted,
        "corrected": corrected,
        "rejected": rejected,
    }
    content.check("x", counts, answered=True)
    if error:
        for name in ("enrolled", "accepted"):
            with pytest.raises(IntegrityError):
                content.check("x", {**counts, name: counts[name] + error}, answered=True)  # type: ignore[operator]
