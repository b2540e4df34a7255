"""OneRoster 1.2 against what 1EdTech published: every body that we make, every column of every file, every reference.

The bodies are the golden results of `test_samples`, so nothing is run twice. The OpenAPI documents stand beside
the repository (`../shared/conformance`); without them those tests skip.
"""

import io
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from connectors.kit.formats.writing import write
from gateway.mapping_files import layout
from mappings.engine import compiler, loader, reverse

DAY = date(2026, 2, 16)
SAMPLES = loader.ROOT / "oneroster" / "samples"
ROSTERING = "onerosterv1p2rostersservice_openapi3_v1p0.json"
GRADEBOOK = "onerosterv1p2gradebookservice_openapi3_v1p0.json"
BODIES = (
    ("to_json_org", ROSTERING, "SingleOrgDType", "org"),
    ("to_json_academic_session", ROSTERING, "SingleAcademicSessionDType", "academicSession"),
    ("to_json_course", ROSTERING, "SingleCourseDType", "course"),
    ("to_json_class", ROSTERING, "SingleClassDType", "class"),
    ("to_json_user", ROSTERING, "SingleUserDType", "user"),
    ("to_json_demographics", ROSTERING, "SingleDemographicsDType", "demographics"),
    ("to_json_enrollment", ROSTERING, "SingleEnrollmentDType", "enrollment"),
    ("to_json_category", GRADEBOOK, "SingleCategoryDType", "category"),
    ("to_json_line_item", GRADEBOOK, "SingleLineItemDType", "lineItem"),
    ("to_json_result", GRADEBOOK, "SingleResultDType", "result"),
)
# the inbound samples are a provider's: they must be what a provider may send
INBOUND = (
    ("org_json", "SingleOrgDType", "org"), ("session_json", "SingleAcademicSessionDType", "academicSession"),
    ("course_json", "SingleCourseDType", "course"), ("class_json", "SingleClassDType", "class"),
    ("user_json", "SingleUserDType", "user"), ("demographics_json", "SingleDemographicsDType", "demographics"),
    ("enrollment_json", "SingleEnrollmentDType", "enrollment"),
)  # fmt: skip
HEADERS = {
    "academic_sessions": "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
    "classes": "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,"
    "schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods",
    "courses": "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,"
    "subjectCodes",
    "demographics": "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,"
    "blackOrAfricanAmerican,nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,"
    "hispanicOrLatinoEthnicity,countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus",
    "enrollments": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,"
    "beginDate,endDate",
    "manifest": "propertyName,value",
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "roles": "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,"
    "userProfileSourcedId",
    "users": "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
    "preferredFamilyName,primaryOrgSourcedId,pronouns",
}
FORMATS = FormatChecker(formats=["date"])


@FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    """An absolute address of RFC 3986; its signs only, for the rest nobody here breaks."""
    return isinstance(value, str) and bool(
        re.fullmatch(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", value)
    )


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


REVERSIBLE = tuple(
    identifier
    for identifier in loader.ids()
    if identifier.startswith("oneroster/")
    and (held := loader.load(identifier).reversal) is not None
    and held.reversible
)


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / f"{name}.jsonl").read_text("utf-8").splitlines()]


def _bodies(mapping: str) -> list[dict[str, Any]]:
    return [line["document"] for line in _lines(f"{mapping}.v1")]


def _validator(conformance: Path, document: str, component: str) -> Draft202012Validator:
    held = json.loads((conformance / "1edtech" / "oneroster-1.2" / document).read_text("utf-8"))
    schema = {"$ref": f"#/components/schemas/{component}", "components": held["components"]}
    return Draft202012Validator(schema, format_checker=FORMATS)


def _faults(validator: Draft202012Validator, body: Any) -> list[str]:
    """Where a body is wrong; never jsonschema's message, which quotes values."""
    return [
        "/".join(map(str, fault.absolute_path)) + f" {fault.validator}"
        for fault in validator.iter_errors(body)
    ]


@pytest.mark.parametrize(("mapping", "document", "component", "member"), BODIES)
def test_every_body_that_we_make_is_valid(
    conformance: Path, mapping: str, document: str, component: str, member: str
) -> None:
    validator, bodies = _validator(conformance, document, component), _bodies(mapping)

    assert bodies
    assert _faults(validator, {member: bodies[0] | {"dateLastModified": "hier"}})  # formats are looked at
    assert [[]] * len(bodies) == [_faults(validator, {member: body}) for body in bodies]


@pytest.mark.parametrize(("mapping", "document", "component", "member"), BODIES)
def test_what_the_standard_requires_our_form_requires(
    conformance: Path, mapping: str, document: str, component: str, member: str
) -> None:
    validator, form = _validator(conformance, document, component), loader.load(f"oneroster/{mapping}@1").form
    assert form is not None
    body = _bodies(mapping)[0]

    for name in body:
        rest = {key: value for key, value in body.items() if key != name}
        if _faults(validator, {member: rest}):
            assert form.model.model_fields[name].is_required(), name


@pytest.mark.parametrize(("stream", "component", "member"), INBOUND)
def test_a_provider_may_send_what_the_samples_hold(
    conformance: Path, stream: str, component: str, member: str
) -> None:
    validator = _validator(conformance, ROSTERING, component)

    assert [] == [fault for body in _lines(stream) for fault in _faults(validator, {member: body})]


def _references(value: Any) -> Iterator[dict[str, str]]:
    if isinstance(value, dict):
        if {"href", "sourcedId", "type"} == value.keys():
            yield value
        for held in value.values():
            yield from _references(held)
    elif isinstance(value, list):
        for held in value:
            yield from _references(held)


def test_a_reference_is_named_as_the_thing_names_itself() -> None:
    own: dict[str, set[str]] = {
        member: {body["sourcedId"] for body in _bodies(name)} for name, _, _, member in BODIES
    }
    met = set()
    for name, *_ in BODIES:
        for body in _bodies(name):
            for found in _references(body):
                assert found["href"].endswith(f"/{found['sourcedId']}")
                met |= {found["type"]} if found["sourcedId"] in own[found["type"]] else set()

    assert {"org", "academicSession", "course", "class", "user", "category", "lineItem"} == met


def test_files_and_bodies_give_one_thing_one_identifier() -> None:
    for bodies, files in (
        ("academic_session", "academic_sessions"), ("course", "courses"), ("class", "classes"),
        ("demographics", "demographics"), ("enrollment", "enrollments"),
    ):  # fmt: skip
        said = [body["sourcedId"] for body in _bodies(f"to_json_{bodies}")]
        assert said == [row["sourcedId"] for row in _bodies(f"to_csv_{files}")]


def test_no_two_things_share_an_identifier() -> None:
    every = [(member, body["sourcedId"]) for name, _, _, member in BODIES for body in _bodies(name)]
    of_person = {"user", "demographics"}  # the standard wants these two to be the same

    assert len(every) == len(set(every))
    apart = [identifier for member, identifier in every if member not in of_person]
    assert len(apart) == len(set(apart))


@pytest.mark.parametrize("name", HEADERS)
def test_a_file_has_the_columns_of_the_binding_in_their_order(name: str) -> None:
    form = loader.load(f"oneroster/to_csv_{name}@1").form
    assert form is not None
    file = io.BytesIO()

    rows = write((json.dumps(body) for body in _bodies(f"to_csv_{name}")), layout(form), file)
    header, *lines = file.getvalue().decode().removesuffix("\r\n").split("\r\n")
    assert (HEADERS[name], rows) == (header, len(lines))


def test_a_file_in_bulk_says_neither_status_nor_day() -> None:
    for name in HEADERS:
        assert not any({"status", "dateLastModified"} & row.keys() for row in _bodies(f"to_csv_{name}"))


def test_the_manifest_names_the_files_that_are_there() -> None:
    said = {row["propertyName"]: row["value"] for row in _bodies("to_csv_manifest")}

    assert ("1.0", "1.2") == (said["manifest.version"], said["oneroster.version"])
    given = {key.removeprefix("file.").lower() for key, value in said.items() if value == "bulk"}
    assert {name.replace("_", "") for name in HEADERS} - {"manifest"} == given


def test_birth_date_and_sex_are_in_the_demographics_only() -> None:
    born = {line["birth_date"] for line in _lines("student")}

    for name in [n for n, *_ in BODIES] + [f"to_csv_{name}" for name in HEADERS]:
        if not name.endswith("demographics"):
            text = json.dumps(_bodies(name))
            assert not any(f'"{day}"' in text for day in born), name
            assert '"female"' not in text, name


def test_a_code_permanent_is_among_the_other_numbers_of_a_user_only() -> None:
    code = next(line["code_permanent"] for line in _lines("student") if "code_permanent" in line)

    for name in [n for n, *_ in BODIES] + [f"to_csv_{name}" for name in HEADERS]:
        without = [{key: held for key, held in body.items() if key != "userIds"} for body in _bodies(name)]
        assert code not in json.dumps(without), name


def _frames(identifier: str) -> dict[str, pl.DataFrame]:
    return {
        stream.name: pl.DataFrame(
            {"document": (SAMPLES / f"{stream.name}.jsonl").read_text("utf-8").splitlines()}
        )
        if stream.resource
        else pl.read_csv(SAMPLES / f"{stream.name}.csv", infer_schema=False).rename(str.lower)
        for stream in loader.load(identifier).streams
    }


@pytest.mark.parametrize("identifier", REVERSIBLE)
def test_what_a_reversible_mapping_made_is_read_back(identifier: str) -> None:
    mapping = loader.load(identifier)
    mapped = compiler.run(
        mapping, _frames(identifier), system="oneroster@762000", organization="762000", day=DAY
    )

    back = reverse.run(mapping, mapped.documents["document"].to_list(), organization="762000", day=DAY)
    assert (mapped.documents.height, 0) == (back.rows.height, back.rejects.height)


def test_a_user_read_back_is_the_pupil_that_it_came_from() -> None:
    mapping = loader.load("oneroster/to_json_user@1")
    documents = [json.dumps(body) for body in _bodies("to_json_user")]

    back = reverse.run(mapping, documents, organization="762000", day=DAY)
    wanted = [
        {
            "organization": line["organization"], "system": line["subject"][0]["system"],
            "value": line["subject"][0]["value"], "code_permanent": line.get("code_permanent"),
            "family": line["family_name"], "given": line["given_name"], "birth_date": None, "sex": None,
        }
        for line in _lines("student")[:2]
    ]  # fmt: skip
    assert wanted == back.rows.to_dicts()


def test_a_provider_s_pupil_sent_back_is_what_they_sent() -> None:
    mapping = loader.load("oneroster/from_json_student@1")
    lines = _lines("from_json_student.v1")

    back = reverse.run(
        mapping, [json.dumps(line["document"]) for line in lines], organization="762000", day=DAY
    )
    sent = {line["sourcedId"]: line for line in _lines("user_json")}
    for row in back.rows.iter_rows(named=True):
        user = sent[row["sourced_id"]]
        assert (user["familyName"], user["givenName"]) == (row["family"], row["given"])
        assert user["identifier"].zfill(7) == row["fiche"]
