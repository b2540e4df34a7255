"""Boards whose pupils are invented here, on a real database, with a live ministry beside it."""

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from canonical_model import strict_yaml
from canonical_model.codings import Coding
from canonical_model.periods import Period
from canonical_model.resources.consent import Consent
from canonical_model.resources.enrolment import Enrolment
from canonical_model.resources.student import Student
from canonical_model.subjects import Identifier, Resource
from connectors.kit import sandbox
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province, Pupil
from connectors.kit.sandbox import Running
from gateway import ministry
from gateway.store import people, versions
from gateway.store.hub import Hub
from gateway.store.people import Claim
from gateway.store.schema import declaration, evidence_entry
from gateway.store.schema import exchange as exchange_table
from gateway.store.versions import Version

DAY = date(2026, 2, 16)
MOMENT = datetime(2026, 2, 16, 11, 0, tzinfo=UTC)
BOARD = "762000"
MINISTRY = "charlemagne@000001"
LISTS = "2024-07-01"
AGREEMENT = Path(__file__).parents[3] / "gateway/operations/demo_site/agreements/declaration-000001.yaml"


@dataclass
class Board:
    """One board as the hub knows it; `say` changes what it knows, the steps of the day declare it."""

    hub: Hub
    province: Province
    running: Running
    folder: Path
    moment: datetime = MOMENT
    rows: dict[int, int] = field(default_factory=dict)

    @property
    def pupils(self) -> list[Pupil]:
        """The board's pupils without a defect, with a code permanent, who were there at the census."""
        odd = {item.fiche for item in self.province.defects if item.board == BOARD}
        census = date(2025, 9, 30)
        return [
            pupil
            for pupil in self.province.board(BOARD).pupils
            if pupil.fiche not in odd
            and pupil.code_permanent
            and pupil.enrolled_on <= census
            and (pupil.left_on is None or pupil.left_on > census)
        ]

    def planted(self, kind: str) -> Pupil:
        """A pupil of any board who carries that defect, as if of this one: the register knows no board."""
        defect = next(item for item in self.province.defects if item.kind == kind)
        pupils = self.province.board(defect.board).pupils
        return next(pupil for pupil in pupils if pupil.fiche == defect.fiche)

    def say(self, *pupils: Pupil) -> None:
        """What GPI says of these pupils now."""
        self.moment += timedelta(minutes=1)
        for pupil in pupils:
            self.rows.setdefault(pupil.fiche, len(self.rows) + 1)
        with self.hub.transaction() as connection:
            claims = [
                Claim(
                    str(pupil.fiche),
                    tuple((item.system, item.value) for item in _subject(pupil)),
                    pupil.birth_date.isoformat(),
                )
                for pupil in pupils
            ]
            who, aside = people.establish(
                connection, self.hub.keys, claims, exchange="intake", moment=self.moment
            )
            assert not aside
            self._store(connection, [(pupil, who[str(pupil.fiche)]) for pupil in pupils])

    def _store(self, connection: sa.Connection, known: list[tuple[Pupil, str]]) -> None:
        staged = [
            self._version(pupil, person, record, stream)
            for pupil, person in known
            for record, stream in ((_student(pupil), "gpm_e_ele"), (_enrolment(pupil), "gpm_e_dan"))
        ]
        versions.merge(connection, self.hub.keys, staged, exchange="intake", moment=self.moment)

    def _version(self, pupil: Pupil, person: str, record: Resource, stream: str) -> Version:
        kind = type(record).__name__
        key = f"{pupil.fiche}|{pupil.school.key}" if kind == "Enrolment" else f"{BOARD}|{pupil.fiche}"
        return Version(
            resource=kind,
            key=f"gpi@{BOARD}:{kind}:{pupil.fiche}",
            person=person,
            section=record.SECTION,
            organization=BOARD,
            document=record.model_dump_json(),
            valid_from=None,
            valid_to=None,
            place={
                "system": f"gpi@{BOARD}",
                "stream": stream,
                "row": self.rows[pupil.fiche],
                "key": key,
                "slot": None,
                "mapping": f"gpi/{kind.lower()}@1",
                "batch": "invented",
            },
        )

    def refuses(self, pupil: Pupil, section: str = "enrolment") -> None:
        """The family refuses that a section goes to the ministry."""
        consent = Consent(
            subject=_subject(pupil)[:1],
            organization=BOARD,
            number=f"C-{pupil.fiche}",
            recipient="000001",
            purpose=Coding(system="release_purpose", version=LISTS, code="ministry_declaration"),
            sections=(section,),  # type: ignore[arg-type]
            answer=Coding(system="consent_answer", version=LISTS, code="refused"),
            given_by=Coding(system="consent_giver", version=LISTS, code="parental_authority"),
            given_on=date(2025, 9, 1),
            period=Period(start=date(2025, 9, 1), end=date(2026, 9, 1)),
            distinct=True,
        )
        with self.hub.transaction() as connection:
            pair = (f"fiche:{BOARD}", f"{pupil.fiche:07d}")
            person = people.find(connection, [pair])[pair]
            staged = replace(
                self._version(pupil, person, consent, "consentements"),
                key=f"mozaik_inscription@{BOARD}:{pupil.fiche}",
            )
            versions.merge(connection, self.hub.keys, [staged], exchange="intake", moment=self.moment)

    def agree(self, **changed: Any) -> None:
        """The agreement of the site, as changed."""
        text = strict_yaml.load_file(AGREEMENT) | changed
        path = self.hub.settings.site_folder / "agreements" / AGREEMENT.name
        path.write_text(yaml.safe_dump(text, default_style='"'), "utf-8")

    def prepare(self, run: str = "run-1") -> list[str]:
        """The lot of the board in that run, after those left open."""
        self.moment += timedelta(minutes=1)
        return ministry.prepare(self.hub, run=run, day=DAY, moment=self.moment, school_year=2025)

    def transmit(self, exchange: str) -> dict[str, Any]:
        """Send it."""
        self.moment += timedelta(minutes=1)
        return dict(ministry.transmit(self.hub, exchange, moment=self.moment))

    def collect(self, exchange: str) -> dict[str, Any]:
        """Read its return file."""
        self.moment += timedelta(minutes=1)
        return dict(ministry.collect(self.hub, exchange, moment=self.moment))

    def declare(self, run: str = "run-1") -> dict[str, Any]:
        """All three steps; the counts of the last lot."""
        counts: dict[str, Any] = {}
        for exchange in self.prepare(run):
            self.transmit(exchange)
            counts = self.collect(exchange)
        return counts

    def declarations(self) -> list[sa.Row[Any]]:
        """Every row of the table, in the order of numbers."""
        with self.hub.transaction() as connection:
            return list(connection.execute(sa.select(declaration).order_by(declaration.c.number)))

    def declarations_by_time(self) -> list[sa.Row[Any]]:
        """Every row of the table, oldest first."""
        return sorted(self.declarations(), key=lambda row: row.prepared_at)

    def row(self, exchange: str) -> sa.Row[Any]:
        """The exchange as it stands."""
        with self.hub.transaction() as connection:
            return connection.execute(sa.select(exchange_table).where(exchange_table.c.id == exchange)).one()

    def evidence(self, prefix: str = "ministry.") -> list[str]:
        """Kinds of the entries, in order."""
        query = sa.select(evidence_entry.c.kind).order_by(evidence_entry.c.number)
        with self.hub.transaction() as connection:
            return [kind for kind in connection.scalars(query) if kind.startswith(prefix)]

    def lots(self) -> list[tuple[str, int]]:
        """(number, transactions) of the lots that the ministry holds."""
        place = self.folder / "charlemagne" / "000001" / "charlemagne.sqlite"
        with sqlite3.connect(place) as database:
            return database.execute("select number, transactions from lot order by received_at").fetchall()


def _subject(pupil: Pupil) -> tuple[Identifier, ...]:
    file = Identifier(system=f"fiche:{BOARD}", value=f"{pupil.fiche:07d}")
    if pupil.code_permanent is None:
        return (file,)
    return (file, Identifier(system="code-permanent", value=pupil.code_permanent))


def _student(pupil: Pupil) -> Student:
    return Student(
        subject=_subject(pupil),
        organization=BOARD,
        family_name=pupil.family_name,
        given_name=pupil.given_name,
        birth_date=pupil.birth_date,
        sex=Coding(system="sex", version=LISTS, code=pupil.sex),
        code_permanent=pupil.code_permanent,
    )


def _enrolment(pupil: Pupil) -> Enrolment:
    return Enrolment(
        subject=_subject(pupil)[:1],
        organization=BOARD,
        school=pupil.school.official,
        school_year=2025,
        level=Coding(system="school_level", version=LISTS, code=pupil.level),
        period=Period(start=pupil.enrolled_on, end=pupil.left_on),
        home_group=pupil.home_group,
    )


@pytest.fixture(scope="session")
def invented() -> Province:
    """Three hundred pupils: every defect once."""
    return generate(11, students=300, boards=3, day=DAY)


def install(site: Path, entries: list[dict[str, Any]]) -> None:
    """Write the site's files: systems, secrets, the agreement."""
    (site / "secrets").mkdir(parents=True, exist_ok=True)
    (site / "agreements").mkdir(exist_ok=True)
    shutil.copyfile(AGREEMENT, site / "agreements" / AGREEMENT.name)
    declared = []
    for entry in entries:
        secrets = {}
        for name, value in entry["secrets"].items():
            place = f"secrets/{entry['system']}.{name}"
            (site / place).write_text(value, "utf-8")
            secrets[name] = {"file": place}
        declared.append({**entry, "secrets": secrets})
    (site / "systems.yaml").write_text(yaml.safe_dump(declared, default_style='"'), "utf-8")


@pytest.fixture
def board(hub: Hub, invented: Province, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Board]:
    """A board, and a ministry that answers at once; faults by indirect parametrisation."""
    faults = {"charlemagne": frozenset(getattr(request, "param", ()))}
    folder = tmp_path / "sandbox"
    with sandbox.running(invented, folder, systems=("charlemagne",), faults=faults) as running:
        running.systems[0].return_seconds = 0.0  # type: ignore[attr-defined]
        gpi = {"system": f"gpi@{BOARD}", "address": "postgresql://127.0.0.1/none", "secrets": {}}
        install(hub.settings.site_folder, [gpi, *running.entries])
        yield Board(hub, invented, running, folder)
