"""A few invented pupils in a real hub, for tests of what may leave. Does not use the door in."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

import gateway.operations
from canonical_model.codings import Coding, in_force
from canonical_model.identifiers import CodePermanent
from canonical_model.periods import Period
from canonical_model.resources.consent import Consent
from canonical_model.resources.course_result import CourseResult, Mark
from canonical_model.resources.enrolment import Enrolment
from canonical_model.resources.student import Student
from canonical_model.subjects import Resource
from gateway import keys as hub_keys
from gateway.settings import Settings
from gateway.store import people, schema, server, versions
from gateway.store.hub import Hub
from gateway.store.people import Claim
from gateway.store.versions import Version
from tests.conftest import MOMENT

DAY = date(2026, 2, 16)
BOARD = "762000"
COLLEGE = "916000"
DEMO_SITE = Path(gateway.operations.__file__).parent / "demo_site"


@pytest.fixture(scope="module")
def one_database(postgres: server.Server, _numbers: Iterator[int]) -> str:
    """A migrated database for all tests of a module: making one costs more than such a test does."""
    name = f"school_{next(_numbers)}"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template_hub").format(sql.Identifier(name)))
    return name


@pytest.fixture
def emptied_hub(postgres: server.Server, one_database: str, tmp_path: Path) -> Iterator[Hub]:
    """A hub with a home of its own on the module's database, where nothing is left of the test before."""
    engine = sa.create_engine(postgres.sqlalchemy_url(one_database))
    with engine.begin() as connection:
        connection.execute(sa.text(f"truncate {', '.join(schema.metadata.tables)}"))
    settings = Settings(home=tmp_path / "hub", database_url=postgres.url(one_database))
    settings.root.mkdir()
    yield Hub(settings, hub_keys.load(settings), engine)
    engine.dispose()


class School:
    """Puts pupils of one board into a hub, each under the file number it is given."""

    def __init__(self, hub: Hub, board: str = BOARD) -> None:
        self.hub = hub
        self.board = board

    def pupil(
        self,
        fiche: int,
        *,
        level: str = "SECONDARY5",
        born: date = date(2009, 3, 14),
        code_permanent: CodePermanent | None = None,
        mark: str = "82",
        left_on: date | None = None,
    ) -> str:
        """A pupil with one enrolment and one mark; again, a new version. Returns the hub id."""
        who = {"subject": self._subject(fiche), "organization": self.board}
        student = Student(
            **who, family_name="Exemple", given_name=f"Élève{fiche}", birth_date=born,
            sex=_code("sex", "F"), code_permanent=code_permanent,
        )  # fmt: skip
        enrolment = Enrolment(
            **who, school=f"{self.board[:3]}012", school_year=2025, level=_code("school_level", level),
            period=Period(start=date(2025, 8, 28), end=left_on),
        )  # fmt: skip
        result = CourseResult(
            **who, school=f"{self.board[:3]}012", school_year=2025, course="132506", group="51", step=1,
            mark=Mark.model_validate_json(f'{{"number": "{mark}"}}'),
        )  # fmt: skip
        return self._store(fiche, [student, enrolment, result], born)

    def answer(self, fiche: int, number: str = "", **changed: Any) -> str:
        """What was answered about a pupil who is there already. Returns the key of the Consent resource."""
        facts: dict[str, Any] = {
            "subject": self._subject(fiche),
            "organization": self.board,
            "number": number or f"C{fiche}",
            "recipient": COLLEGE,
            "purpose": _code("release_purpose", "admission"),
            "sections": ("identity", "results_local"),
            "answer": _code("consent_answer", "given"),
            "given_by": _code("consent_giver", "student"),
            "given_on": date(2025, 11, 3),
            "period": Period(start=date(2025, 11, 3), end=date(2026, 9, 1)),
            "distinct": True,
        }
        consent = Consent(**(facts | changed))
        self._store(fiche, [consent], None)
        return self._key(consent, fiche)

    def refusal(self, fiche: int) -> str:
        """A no, later than any `answer`."""
        later = date(2025, 11, 3) + timedelta(days=30)
        return self.answer(fiche, f"R{fiche}", answer=_code("consent_answer", "refused"), given_on=later)

    def _subject(self, fiche: int) -> tuple[Any, ...]:
        return ({"system": f"fiche:{self.board}", "value": f"{fiche:07d}"},)

    def _key(self, resource: Resource, fiche: int) -> str:
        kind = type(resource).__name__
        number = resource.number if isinstance(resource, Consent) else f"{fiche:07d}"
        return f"gpi@{self.board}/{kind}/{number}"

    def _store(self, fiche: int, resources: Sequence[Resource], born: date | None) -> str:
        pair = (f"fiche:{self.board}", f"{fiche:07d}")
        pairs = [pair] + [
            ("code-permanent", item.code_permanent)
            for item in resources
            if isinstance(item, Student) and item.code_permanent
        ]
        with self.hub.transaction() as connection:
            if born is None:
                person = people.find(connection, [pair])[pair]
            else:
                matched, _ = people.establish(
                    connection, self.hub.keys, [Claim("1", tuple(pairs), born.isoformat())],
                    exchange="test", moment=MOMENT,
                )  # fmt: skip
                person = matched["1"]
            found = [
                Version(
                    type(item).__name__, self._key(item, fiche), person, item.SECTION, self.board,
                    item.model_dump_json(), None, None, {},
                )
                for item in resources
            ]  # fmt: skip
            versions.merge(connection, self.hub.keys, found, exchange="test", moment=MOMENT)
        return person


def demo_site(hub: Hub, systems: Sequence[Mapping[str, Any]] = ()) -> Path:
    """The demonstration's agreements and clients in the hub's site folder, with these systems installed."""
    site = hub.settings.site_folder
    shutil.copytree(DEMO_SITE, site, dirs_exist_ok=True)
    lines = []
    for entry in systems:
        lines.append(f"- system: {entry['system']}\n  address: {entry['address']}\n  secrets:")
        for name, value in entry["secrets"].items():
            place = site / "secrets" / f"{entry['system']}-{name}"
            place.parent.mkdir(exist_ok=True)
            place.write_text(value)
            lines.append(f"    {name}: {{file: secrets/{place.name}}}")
        options = ", ".join(f"{name}: {value}" for name, value in entry["options"].items())
        lines.append(f"  options: {{{options}}}")
    (site / "systems.yaml").write_text("\n".join(lines) + "\n" if lines else "[]\n")
    return site


def _code(system: str, code: str) -> Coding:
    return Coding(system=system, version=in_force(system, DAY).version, code=code)
