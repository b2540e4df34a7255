"""The bodies of a simulated OneRoster provider: one board's roster as 1EdTech's rostering service 1.2 writes it.

Written from the specification, for the sandbox alone. Every reference leads to a body that is here, but for the one
that `planted` breaks.
"""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.kit.province.model import Board, Pupil
    from connectors.kit.province.rosters import Group, Offered, Roster

ROOT = "/ims/oneroster/rostering/v1p2"
MEMBERS: Mapping[str, str] = {
    "orgs": "org", "academicSessions": "academicSession", "courses": "course", "classes": "class",
    "users": "user", "demographics": "demographics", "enrollments": "enrollment",
}  # fmt: skip
"""Collection to the member of a single body."""

_GRADES = {"PRESCHOOL4": "PK", "PRESCHOOL5": "KG"}  # CEDS
_GRADES |= {f"PRIMARY{year}": f"{year:02d}" for year in range(1, 7)}
_GRADES |= {f"SECONDARY{year}": f"{year + 6:02d}" for year in range(1, 6)}
_SEX = {"F": "female", "M": "male", "X": "other"}
Body = dict[str, Any]


class Bodies:
    """All collections of one board's roster in one school year.

    `planted`: the file number that carries each defect. `seed`: of its identifiers. `base`: the address below which
    its references lead.
    """

    def __init__(
        self,
        board: "Board",
        roster: "Roster",
        *,
        school_year: int,
        planted: Mapping[str, int],
        seed: str,
        base: str,
    ) -> None:
        self._board, self._roster, self._year = board, roster, school_year
        self._planted, self._seed, self._base = planted, seed, base

    def identifier(self, kind: str, *key: str) -> str:
        """The sourcedId of a thing: opaque, the same for the same province."""
        said = "/".join((self._seed, self._board.code, kind, *key))
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:passerelle:oneroster:{said}"))

    @cached_property
    def collections(self) -> Mapping[str, tuple[Body, ...]]:
        """Every collection of `MEMBERS`, each in no particular order."""
        return {
            "orgs": tuple(self._orgs()),
            "academicSessions": tuple(self._sessions()),
            "courses": tuple(map(self._course, self._roster.courses)),
            "classes": tuple(map(self._class, self._roster.groups)),
            "users": tuple(self._users()),
            "demographics": tuple(self._demographics()),
            "enrollments": tuple(self._enrollments()),
        }

    def _held(self, identifier: str, changed: date, *, deleted: bool = False) -> Body:
        """The members that every body has. The minute is drawn from the identifier: few are the same."""
        minute = uuid.UUID(identifier).int % 600
        moment = datetime.combine(changed, time(8), UTC) + timedelta(minutes=minute)
        return {
            "sourcedId": identifier,
            "status": "tobedeleted" if deleted else "active",
            "dateLastModified": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }

    def _reference(self, kind: str, collection: str, *key: str) -> Body:
        identifier = self.identifier(kind, *key)
        return {
            "href": f"{self._base}{ROOT}/{collection}/{identifier}",
            "sourcedId": identifier,
            "type": kind,
        }

    @property
    def _summer(self) -> date:
        return date(self._year, 7, 2)

    def _orgs(self) -> Iterator[Body]:
        board = self._board
        yield {
            **self._held(self.identifier("org", board.code), self._summer),
            "name": board.name, "type": "district", "identifier": board.code,
        }  # fmt: skip
        for school in board.schools:
            yield {
                **self._held(self.identifier("org", school.official), self._summer),
                "name": school.name, "type": "school", "identifier": school.official,
                "parent": self._reference("org", "orgs", board.code),
            }  # fmt: skip

    def _sessions(self) -> Iterator[Body]:
        year = self._year
        named = {"schoolYear": str(year + 1)}
        yield {
            **self._held(self.identifier("academicSession", "year"), self._summer), **named,
            "title": f"{year}-{year + 1}", "type": "schoolYear",
            "startDate": f"{year}-07-01", "endDate": f"{year + 1}-07-01",
        }  # fmt: skip
        days = (f"{year}-08-27", f"{year}-11-15", f"{year + 1}-01-31", f"{year + 1}-06-24")
        for step, (start, end) in enumerate(pairwise(days), start=1):
            yield {
                **self._held(self.identifier("academicSession", f"step{step}"), self._summer), **named,
                "title": f"Étape {step}", "type": "gradingPeriod", "startDate": start, "endDate": end,
                "parent": self._reference("academicSession", "academicSessions", "year"),
            }  # fmt: skip

    def _course(self, course: "Offered") -> Body:
        return {
            **self._held(self.identifier("course", course.code), self._summer),
            "title": course.title, "courseCode": course.code, "grades": [_grade(course.level)],
            "schoolYear": self._reference("academicSession", "academicSessions", "year"),
            "org": self._reference("org", "orgs", self._board.code),
        }  # fmt: skip

    def _class(self, group: "Group") -> Body:
        return {
            **self._held(self.identifier("class", *_key(group)), self._summer + timedelta(days=45)),
            "title": f"{group.course.title} {group.name}", "classCode": group.name,
            "classType": "homeroom" if group.course.homeroom else "scheduled",
            "grades": [_grade(group.course.level)],
            "course": self._reference("course", "courses", group.course.code),
            "school": self._reference("org", "orgs", group.school.official),
            "terms": [self._reference("academicSession", "academicSessions", "year")],
        }  # fmt: skip

    def _users(self) -> Iterator[Body]:
        """Pupils, and one teacher a school, whom a reader of pupils has no use for."""
        for pupil in self._board.pupils:
            numbers = [{"type": "fiche", "identifier": f"{pupil.fiche:07d}"}]
            if pupil.code_permanent:
                numbers.append({"type": "code-permanent", "identifier": pupil.code_permanent})
            yield {
                **self._held(self.identifier("user", str(pupil.fiche)), _changed(pupil), deleted=self._gone(pupil)),
                "userIds": numbers, "enabledUser": "true", "identifier": f"{pupil.fiche:07d}",
                "givenName": pupil.given_name, "familyName": pupil.family_name,
                "roles": [self._role("student", pupil.school.official)],
                "primaryOrg": self._reference("org", "orgs", pupil.school.official),
                "grades": [_grade(pupil.level)],
            }  # fmt: skip
        for school in self._board.schools:
            yield {
                **self._held(self.identifier("user", "teacher", school.official), self._summer),
                "enabledUser": "true", "givenName": "Titulaire", "familyName": "Invention",
                "roles": [self._role("teacher", school.official)],
            }  # fmt: skip

    def _role(self, role: str, school: str) -> Body:
        return {"roleType": "primary", "role": role, "org": self._reference("org", "orgs", school)}

    def _demographics(self) -> Iterator[Body]:
        for pupil in self._board.pupils:
            if pupil.fiche != self._planted.get("no-demographics"):
                unknown = pupil.fiche == self._planted.get("unknown-sex")
                identifier = self.identifier("user", str(pupil.fiche))
                yield {
                    **self._held(identifier, _changed(pupil), deleted=self._gone(pupil)),
                    "birthDate": pupil.birth_date.isoformat(),
                    "sex": "unspecified" if unknown else _SEX[pupil.sex],
                }

    def _enrollments(self) -> Iterator[Body]:
        for place in self._roster.places:
            pupil, group = place.pupil, place.group
            seat = (*_key(group), str(pupil.fiche))
            body = {
                **self._held(self.identifier("enrollment", *seat), _changed(pupil), deleted=self._gone(pupil)),
                "user": self._reference("user", "users", str(pupil.fiche)),
                "class": self._reference("class", "classes", *_key(group)),
                "school": self._reference("org", "orgs", group.school.official),
                "role": "student", "beginDate": pupil.enrolled_on.isoformat(),
            }  # fmt: skip
            yield body | ({"endDate": pupil.left_on.isoformat()} if pupil.left_on else {})

    def _gone(self, pupil: "Pupil") -> bool:
        return pupil.fiche == self._planted.get("to-be-deleted")


def _key(group: "Group") -> tuple[str, ...]:
    return group.school.official, group.course.code, group.name


def _grade(level: str) -> str:
    return _GRADES[level]


def _changed(pupil: "Pupil") -> date:
    return pupil.left_on or pupil.enrolled_on + timedelta(days=pupil.fiche % 90)
