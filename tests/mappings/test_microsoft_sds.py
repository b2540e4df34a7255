"""School Data Sync V2.1: the columns that Microsoft publishes, references that lead somewhere, nothing too much."""

import io
import json
from typing import Any

import pytest

from connectors.kit.formats.writing import write
from gateway.mapping_files import layout
from mappings.engine import loader

SAMPLES = loader.ROOT / "microsoft_sds" / "samples"
HEADERS = {
    "orgs": "sourcedId,name,type,parentSourcedId",
    "users": "sourcedId,username,givenName,familyName,password,activeDirectoryMatchId,email,phone,sms",
    "guardian_users": "sourcedId,username,givenName,familyName,password,activeDirectoryMatchId,email,phone,sms",
    "roles": "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary,roleStartDate,roleEndDate",
    "classes": "sourcedId,orgSourcedId,title,sessionSourcedIds,courseSourcedId",
    "enrollments": "classSourcedId,userSourcedId,role",
    "academic_sessions": "sourcedId,title,type,schoolYear,startDate,endDate",
    "courses": "sourcedId,orgSourcedId,title,code,schoolYearSourcedId,subject,grade",
    "demographics": "userSourcedId,sex,birthDate,birthCity,birthState,birthCountry,ethnicityCodes,raceCodes",
    "relationships": "userSourcedId,relationshipUserSourcedId,relationshipRole",
}


def _rows(name: str) -> list[dict[str, Any]]:
    text = (SAMPLES / f"{name}.v1.jsonl").read_text("utf-8")
    return [json.loads(line)["document"] for line in text.splitlines()]


@pytest.mark.parametrize("name", HEADERS)
def test_a_file_has_microsoft_s_columns_in_their_order(name: str) -> None:
    form = loader.load(f"microsoft_sds/{name}@1").form
    assert form is not None
    file = io.BytesIO()

    write(map(json.dumps, _rows(name)), layout(form), file)
    assert HEADERS[name] == file.getvalue().decode().split("\r\n")[0]


def test_every_reference_leads_to_a_row() -> None:
    users = {row["sourcedId"] for name in ("users", "guardian_users") for row in _rows(name)}
    classes, orgs = ({row["sourcedId"] for row in _rows(name)} for name in ("classes", "orgs"))
    courses, sessions = (
        {row["sourcedId"] for row in _rows(name)} for name in ("courses", "academic_sessions")
    )

    assert {row["userSourcedId"] for name in ("roles", "demographics") for row in _rows(name)} <= users
    assert {row["relationshipUserSourcedId"] for row in _rows("relationships")} <= users
    assert {row["orgSourcedId"] for row in _rows("roles")} | {
        row["orgSourcedId"] for row in _rows("classes")
    } <= orgs
    assert {row["sessionSourcedId"] for row in _rows("roles")} == sessions
    assert {row["userSourcedId"] for row in _rows("enrollments")} <= users
    assert courses & {row["courseSourcedId"] for row in _rows("classes")}
    assert classes <= {row["classSourcedId"] for row in _rows("enrollments")}


def test_nothing_is_sent_that_the_model_does_not_hold_or_sds_does_not_need() -> None:
    for name in ("users", "guardian_users"):
        for row in _rows(name):
            assert not {"password", "activeDirectoryMatchId", "phone", "sms"} & row.keys()
    born = [row["birthDate"] for row in _rows("demographics")]
    for name in set(HEADERS) - {"demographics"}:
        assert not any(day in json.dumps(_rows(name)) for day in born)


def test_a_year_ends_on_its_last_day() -> None:
    assert ["2026-06-30"] == [row["endDate"] for row in _rows("academic_sessions")]
