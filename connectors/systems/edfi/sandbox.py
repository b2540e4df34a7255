"""A simulated Ed-Fi ODS: a real server of data/v3 that holds one board's pupils and schools as a district would.

Written from the Ed-Fi documentation and contract/openapi.yaml: bare lists, `limit`, `offset`, `totalCount`, single
objects, problem details. It refuses a limit above 500, as an ODS does. Its numbers of schools are no codes of Québec.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit.province.defects import carriers
from connectors.kit.province.model import Board, Pupil, School
from connectors.kit.province.schooling import LEVELS
from connectors.kit.rest_server import PAGING_FAULTS, WIRE_FAULTS, Paging, RestSandbox

ROOT = "/data/v3/ed-fi"
FIRST_AGENCY = (
    990_001  # invented, as the sample of mappings/edfi/codes/organization.yaml; one more for each board
)
_LARGEST_PAGE = 500
_PAGING = Paging(kind="offset", parameter="offset", header="Total-Count", usual=25, most=_LARGEST_PAGE)
_GRADES = (
    "Preschool/Prekindergarten", "Kindergarten", "First grade", "Second grade", "Third grade", "Fourth grade",
    "Fifth grade", "Sixth grade", "Seventh grade", "Eighth grade", "Ninth grade", "Tenth grade", "Eleventh grade",
)  # fmt: skip
_SEX = {"F": "Female", "M": "Male", "X": "Not Selected"}
_KINDS: Mapping[int, str] = {400: "bad-request:parameter", 401: "security:authentication", 404: "not-found"}
_Record = dict[str, Any]


class Sandbox(RestSandbox):
    """One ODS for each board. `planted`: the file number that carries each of its defects, by its name."""

    demonstrated = False
    known_faults: ClassVar[dict[str, str]] = {
        **WIRE_FAULTS,
        **PAGING_FAULTS,
        "missing-column": "no pupil says which one it is: `studentUniqueId` is called `studentUSI`",
    }

    @cached_property
    def planted(self) -> Mapping[str, int]:
        """Defect to file number: ``no-sex``, ``twelfth-grade``, ``no-school-year``."""
        kinds = ("no-sex", "twelfth-grade", "no-school-year")
        return carriers(self.province, self._board, "edfi", dict.fromkeys(kinds, lambda _: True))

    def app(self) -> ASGIApp:
        """The token endpoint, every list, and each of its records."""
        return Starlette(
            routes=[
                Route("/oauth/token", self.token, methods=["POST"]),
                Route(f"{ROOT}/{{resource}}", self._list),
                Route(f"{ROOT}/{{resource}}/{{identifier}}", self._single),
            ]
        )

    def problem(self, status: int, code: str, title: str) -> JSONResponse:  # noqa: ARG002 - Ed-Fi has its own words
        """A refusal as the problem details of an ODS."""
        kind = f"urn:ed-fi:api:{_KINDS.get(status, 'system')}"
        body = {"detail": title, "type": kind, "title": title, "status": status, "correlationId": None}
        return JSONResponse(body, status, media_type="application/problem+json")

    def cut(self, answer: Response) -> Response:
        """The bare list, which is all that an ODS answers; then as its faults want it."""
        body = orjson.loads(answer.body)
        if "items" in body:
            headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
            answer = Response(orjson.dumps(body["items"]), answer.status_code, headers)
        return super().cut(answer)

    @cached_property
    def records(self) -> Mapping[str, tuple[_Record, ...]]:
        """Every list, in the order in which its records were made."""
        return {
            "localEducationAgencies": (self._agency_record(),),
            "schools": tuple(map(self._school, self._board.schools)),
            "students": tuple(map(self._student, self._board.pupils)),
            "studentEducationOrganizationAssociations": tuple(self._sexes()),
            "studentSchoolAssociations": tuple(map(self._enrolment, self._board.pupils)),
        }

    @property
    def _board(self) -> Board:
        return self.province.board(self.organization)

    @property
    def _agency(self) -> int:
        return FIRST_AGENCY + [board.code for board in self.province.boards].index(self.organization)

    def _number(self, school: School) -> int:
        return self._agency * 1000 + 10 * (self._board.schools.index(school) + 1)

    def _held(self, resource: str, *key: object) -> _Record:
        """The members that the ODS adds to every record."""
        said = f"{self.province.seed}/{self.organization}/{resource}/{key}"
        return {
            "id": hashlib.sha256(said.encode()).hexdigest()[:32],
            "_etag": str(uuid.uuid5(uuid.NAMESPACE_URL, said).int % 10**19),
            "_lastModifiedDate": f"{self.province.school_year}-08-20T12:00:00Z",
        }

    def _agency_record(self) -> _Record:
        return {
            **self._held("localEducationAgencies"),
            "localEducationAgencyId": self._agency,
            "nameOfInstitution": self._board.name,
            "localEducationAgencyCategoryDescriptor": _word("LocalEducationAgencyCategory", "Independent"),
            "categories": [_category("Local Education Agency")],
        }

    def _school(self, school: School) -> _Record:
        levels = LEVELS[:8] if school.category == "PRI" else LEVELS[8:]
        return {
            **self._held("schools", school.official),
            "schoolId": self._number(school),
            "nameOfInstitution": school.name,
            "administrativeFundingControlDescriptor": _word("AdministrativeFundingControl", "Public School"),
            "localEducationAgencyReference": {"localEducationAgencyId": self._agency},
            "educationOrganizationCategories": [_category("School")],
            "gradeLevels": [{"gradeLevelDescriptor": _grade(level)} for level in levels],
        }

    def _student(self, pupil: Pupil) -> _Record:
        named = "studentUSI" if "missing-column" in self.faults else "studentUniqueId"
        return {
            **self._held("students", pupil.fiche),
            named: _unique(pupil),
            "firstName": pupil.given_name,
            "lastSurname": pupil.family_name,
            "birthDate": pupil.birth_date.isoformat(),
        }

    def _sexes(self) -> Iterator[_Record]:
        for pupil in self._board.pupils:
            if pupil.fiche != self.planted.get("no-sex"):
                yield {
                    **self._held("studentEducationOrganizationAssociations", pupil.fiche),
                    "studentReference": {"studentUniqueId": _unique(pupil)},
                    "educationOrganizationReference": {"educationOrganizationId": self._agency},
                    "sexDescriptor": _word("Sex", _SEX[pupil.sex]),
                }

    def _enrolment(self, pupil: Pupil) -> _Record:
        twelfth = pupil.fiche == self.planted.get("twelfth-grade")
        record = {
            **self._held("studentSchoolAssociations", pupil.fiche),
            "studentReference": {"studentUniqueId": _unique(pupil)},
            "schoolReference": {"schoolId": self._number(pupil.school)},
            "schoolYearTypeReference": {"schoolYear": self.province.school_year + 1},
            "entryDate": pupil.enrolled_on.isoformat(),
            "entryGradeLevelDescriptor": _word("GradeLevel", "Twelfth grade")
            if twelfth
            else _grade(pupil.level),
        }
        if pupil.left_on:
            record["exitWithdrawDate"] = (pupil.left_on - timedelta(days=1)).isoformat()  # the last day
        if pupil.fiche == self.planted.get("no-school-year"):
            del record["schoolYearTypeReference"]
        return record

    async def _list(self, request: Request) -> Response:
        if (early := self.refused(request) or await self.misbehaviour()) is not None:
            return early
        records = self.records.get(request.path_params["resource"])
        if records is None:
            return self.problem(404, "", "Cette ressource n'existe pas")
        limit = request.query_params.get("limit", str(_PAGING.usual))
        if not limit.isdecimal() or int(limit) > _LARGEST_PAGE:
            return self.problem(400, "", "`limit` va de 1 à 500")
        answer = self.paged(request, records, _PAGING)
        if request.query_params.get("totalCount", "").lower() != "true" and "Total-Count" in answer.headers:
            del answer.headers["Total-Count"]
        return answer

    async def _single(self, request: Request) -> Response:
        if (early := self.refused(request) or await self.misbehaviour()) is not None:
            return early
        held = self.records.get(request.path_params["resource"], ())
        found = [record for record in held if record["id"] == request.path_params["identifier"]]
        if not found:
            return self.problem(404, "", "Cet enregistrement n'existe pas")
        return self.cut(JSONResponse(found[0]))


def _unique(pupil: Pupil) -> str:
    return f"99{pupil.fiche:07d}"


def _word(descriptor: str, word: str) -> str:
    """A descriptor as the API and the bulk files write it."""
    return f"uri://ed-fi.org/{descriptor}Descriptor#{word}"


def _category(word: str) -> _Record:
    return {"educationOrganizationCategoryDescriptor": _word("EducationOrganizationCategory", word)}


def _grade(level: str) -> str:
    return _word("GradeLevel", _GRADES[LEVELS.index(level)])
