"""A simulated OneRoster provider that drops its roster as files: one ZIP of the CSV binding a day, in bulk mode.

Written from the CSV binding 1.2.1: every column in its order, a header line, UTF-8, status and day blank.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from connectors.kit.province.defects import carriers
from connectors.kit.province.model import Board
from connectors.kit.province.rosters import Group, Roster, roster
from connectors.kit.province.schooling import LEVELS
from connectors.kit.sandbox_system import SandboxSystem

_HEADERS: Mapping[str, str] = {
    "manifest": "propertyName,value",
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "academicSessions": "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
    "courses": (
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,"
        "orgSourcedId,subjects,subjectCodes"
    ),
    "classes": (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,"
        "location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods"
    ),
    "users": (
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,"
        "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,"
        "userMasterIdentifier,preferredGivenName,preferredMiddleName,preferredFamilyName,"
        "primaryOrgSourcedId,pronouns"
    ),
    "roles": (
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,"
        "orgSourcedId,userProfileSourcedId"
    ),
    "demographics": (
        "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,"
        "blackOrAfricanAmerican,nativeHawaiianOrOtherPacificIslander,white,"
        "demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,countryOfBirthCode,"
        "stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus"
    ),
    "enrollments": (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,"
        "primary,beginDate,endDate"
    ),
}  # fmt: skip
_ABSENT = (
    "categories", "classResources", "courseResources", "lineItemLearningObjectiveIds",
    "lineItems", "lineItemScoreScales", "resources", "resultLearningObjectiveIds",
    "results", "resultScoreScales", "scoreScales", "userProfiles",
    "userResources",
)  # fmt: skip
_GRADES = ("PK", "KG", *(f"{grade:02d}" for grade in range(1, 12)))  # CEDS, in the order of LEVELS
_SEX = {"F": "female", "M": "male", "X": "other"}
_FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)  # of every member: the same province drops the same bytes
_Row = dict[str, Any]


class Sandbox(SandboxSystem):
    """One board's drop folder, ``depot`` in its own folder.

    `planted`: the file number that carries each of its defects, by the defect's name.
    """

    demonstrated = False
    known_faults: ClassVar[dict[str, str]] = {
        "down": "nothing was dropped",
        "writing": "the ZIP has no byte yet",
        "missing-column": "the header of users.csv says `sourcedGUID`",
        "ragged": "the last line of enrollments.csv is cut short",
        "encoding": "one line of demographics.csv holds a byte that is not UTF-8",
    }

    @property
    def drop(self) -> Path:
        """The folder that the hub reads."""
        return self.folder / "depot"

    @cached_property
    def planted(self) -> Mapping[str, int]:
        """Defect to file number: ``no-demographics``, ``unknown-sex``."""
        kinds = ("no-demographics", "unknown-sex")
        return carriers(self.province, self._board, "oneroster_csv", dict.fromkeys(kinds, lambda _: True))

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it needs no database
        """Drop the set of the province's day; the same province drops the same bytes."""
        self.drop.mkdir(exist_ok=True)
        path = self.drop / f"oneroster_{self.province.day.isoformat()}.zip"
        if "down" in self.faults:
            path.unlink(missing_ok=True)
            return
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, rows in self.contents().items():
                packed.writestr(zipfile.ZipInfo(f"{name}.csv", _FIRST_MOMENT), self._file(name, rows))
        part = path.with_suffix(".part")
        part.write_bytes(b"" if "writing" in self.faults else held.getvalue())
        part.replace(path)

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it is a folder
        """The folder as a ``file://`` URI; no secret. It drops whole files, so two looks may be close."""
        address = self.drop.resolve().as_uri()
        return {
            "system": self.system,
            "address": address,
            "secrets": {},
            "options": {"stable_seconds": "0.01"},
        }

    def contents(self) -> dict[str, list[_Row]]:
        """The rows of every file, by the name that manifest.csv gives it."""
        found = {name: list(rows) for name, rows in self._rows()}
        return {"manifest": list(_manifest(found)), **found}

    @property
    def _board(self) -> Board:
        return self.province.board(self.organization)

    @cached_property
    def _roster(self) -> Roster:
        return roster(self._board)

    def _rows(self) -> Iterator[tuple[str, Iterator[_Row]]]:
        yield "orgs", self._orgs()
        yield "academicSessions", self._sessions()
        yield "courses", self._courses()
        yield "classes", self._classes()
        yield "users", self._users()
        yield "roles", self._roles()
        yield "demographics", self._demographics()
        yield "enrollments", self._enrollments()

    def _orgs(self) -> Iterator[_Row]:
        board = self._board
        yield {
            "sourcedId": f"o-{board.code}",
            "name": board.name,
            "type": "district",
            "identifier": board.code,
        }
        for school in board.schools:
            yield {
                "sourcedId": f"o-{school.official}", "name": school.name, "type": "school",
                "identifier": school.official, "parentSourcedId": f"o-{board.code}",
            }  # fmt: skip

    def _sessions(self) -> Iterator[_Row]:
        year = self.province.school_year
        yield {
            "sourcedId": f"a-{year}", "title": f"{year}-{year + 1}", "type": "schoolYear",
            "startDate": f"{year}-07-01", "endDate": f"{year + 1}-07-01", "schoolYear": year + 1,
        }  # fmt: skip

    def _courses(self) -> Iterator[_Row]:
        for course in self._roster.courses:
            yield {
                "sourcedId": f"c-{course.code}", "schoolYearSourcedId": f"a-{self.province.school_year}",
                "title": course.title, "courseCode": course.code, "grades": _grade(course.level),
                "orgSourcedId": f"o-{self._board.code}",
            }  # fmt: skip

    def _classes(self) -> Iterator[_Row]:
        for group in self._roster.groups:
            yield {
                "sourcedId": _class(group), "title": f"{group.course.title}, groupe {group.name}",
                "grades": _grade(group.course.level), "courseSourcedId": f"c-{group.course.code}",
                "classCode": group.name, "classType": "homeroom" if group.course.homeroom else "scheduled",
                "schoolSourcedId": f"o-{group.school.official}",
                "termSourcedIds": f"a-{self.province.school_year}",
            }  # fmt: skip

    def _users(self) -> Iterator[_Row]:
        """Pupils, and one teacher a school, whose rows the mappings leave out."""
        for pupil in self._board.pupils:
            numbers = [f"{{fiche:{pupil.fiche:07d}}}"]
            numbers += [f"{{code-permanent:{pupil.code_permanent}}}"] if pupil.code_permanent else []
            yield {
                "sourcedId": f"u-{pupil.fiche}", "enabledUser": "true", "userIds": ",".join(numbers),
                "givenName": pupil.given_name, "familyName": pupil.family_name,
                "identifier": f"{pupil.fiche:07d}", "grades": _grade(pupil.level),
                "primaryOrgSourcedId": f"o-{pupil.school.official}",
            }  # fmt: skip
        for school in self._board.schools:
            named = {"givenName": "Titulaire", "familyName": "Invention"}
            yield {"sourcedId": f"t-{school.official}", "enabledUser": "true", **named}

    def _roles(self) -> Iterator[_Row]:
        for pupil in self._board.pupils:
            yield _role(f"u-{pupil.fiche}", "student", pupil.school.official)
        for school in self._board.schools:
            yield _role(f"t-{school.official}", "teacher", school.official)

    def _demographics(self) -> Iterator[_Row]:
        for pupil in self._board.pupils:
            if pupil.fiche != self.planted.get("no-demographics"):
                unknown = pupil.fiche == self.planted.get("unknown-sex")
                sex = "unspecified" if unknown else _SEX[pupil.sex]
                yield {"sourcedId": f"u-{pupil.fiche}", "birthDate": pupil.birth_date, "sex": sex}

    def _enrollments(self) -> Iterator[_Row]:
        for place in self._roster.places:
            pupil, group = place.pupil, place.group
            yield {
                "sourcedId": f"e-{pupil.fiche}-{group.course.code}-{group.name}",
                "classSourcedId": _class(group), "schoolSourcedId": f"o-{group.school.official}",
                "userSourcedId": f"u-{pupil.fiche}", "role": "student", "beginDate": pupil.enrolled_on,
                "endDate": pupil.left_on,
            }  # fmt: skip

    def _file(self, name: str, rows: list[_Row]) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, _HEADERS[name].split(","), restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue().encode()
        if name == "users" and "missing-column" in self.faults:
            content = content.replace(b"sourcedId", b"sourcedGUID", 1)
        if name == "enrollments" and "ragged" in self.faults:
            content = content[: content.rindex(b",student")] + b"\r\n"
        if name == "demographics" and "encoding" in self.faults:
            content = content.replace(b"female", b"f\xe9minin", 1)
        return content


def _manifest(found: Mapping[str, list[_Row]]) -> Iterator[_Row]:
    said = {"manifest.version": "1.0", "oneroster.version": "1.2"}
    said |= {f"file.{name}": "bulk" for name in found} | {f"file.{name}": "absent" for name in _ABSENT}
    said |= {"source.systemName": "Fournisseur simulé", "source.systemCode": "bac-a-sable"}
    for name, value in said.items():
        yield {"propertyName": name, "value": value}


def _role(user: str, role: str, school: str) -> _Row:
    return {
        "sourcedId": f"r-{user}", "userSourcedId": user, "roleType": "primary", "role": role,
        "orgSourcedId": f"o-{school}",
    }  # fmt: skip


def _class(group: Group) -> str:
    return f"k-{group.school.official}-{group.course.code}-{group.name}"


def _grade(level: str) -> str:
    return _GRADES[LEVELS.index(level)]
