"""Lots: which enrolments of the census day are declared, under which decision. Sends nothing.

One lot is one board in one run. Every enrolment is counted once, whatever becomes of it:

    enrolled = declared + unchanged + not_declarable + withheld

What is declared is what the door out released, frozen in the lot: a later change of the source is the
next lot's. The same content is not declared twice; a changed one modifies the accepted declaration.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from canonical_model.released import Released
from gateway import plan
from gateway import release as door
from gateway.evidence.chain import Entry, append
from gateway.ministry import content, years
from gateway.ministry import exchange as ministry_exchange
from gateway.ministry.exchange import PURPOSE, ROUTE, SECTIONS
from gateway.ministry.years import SchoolYear
from gateway.store import dossier, exchanges
from gateway.store.dossier import Held
from gateway.store.hub import Hub
from gateway.store.schema import declaration
from gateway.store.schema import exchange as exchange_table

FINAL = ("accepted", "corrected", "rejected")

_PENDING = "awaiting-return"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An enrolment that could be declared, its pupil's record, and its last declarations, if any."""

    enrolment: Held
    student: Held
    last: sa.Row[Any] | None
    accepted: sa.Row[Any] | None


@dataclass(frozen=True, slots=True)
class _Declaration:
    """One transaction without its number: what is said, of what, and what it modifies."""

    candidate: _Candidate
    released: Released
    fields: Mapping[str, str]
    digest: bytes
    modifies: str | None


def prepare(hub: Hub, *, run: str, day: date, moment: datetime, school_year: int) -> list[str]:
    """A lot for each board of the site. Returns the exchanges to transmit: older open ones first.

    Prepared already in this run, a lot is left as it is. Raises ConfigurationError when no ministry
    is installed or the school year has no table, IntegrityError when the counts do not balance.
    """
    ministry = ministry_exchange.installed(hub.settings)
    year = years.load(hub.settings.site_folder, school_year)
    made = []
    for board in plan.boards(hub.settings.site_folder):
        id = f"{run}/{ROUTE}/{board}"  # noqa: A001 - the word of the table
        with hub.transaction() as connection:
            state = exchanges.begin(
                connection, id, run=run, route=ROUTE, system=ministry.system, direction="out", day=day,
                moment=moment,
            )  # fmt: skip
            if state == "started":
                _Lot(connection, hub, id, board, ministry.organization, year, day, moment).fill()
        made.append(id)
    with hub.transaction() as connection:
        open_before = [item for item in _left_open(connection, ministry.system) if item not in made]
    return open_before + made


def _left_open(connection: sa.Connection, system: str) -> list[str]:
    """Lots that an earlier run prepared or sent, and did not bring to their end."""
    query = (
        sa.select(exchange_table.c.id)
        .where(
            exchange_table.c.route == ROUTE,
            exchange_table.c.system == system,
            exchange_table.c.state.in_(("prepared", "sent")),
        )
        .order_by(exchange_table.c.started_at, exchange_table.c.id)
    )
    return list(connection.scalars(query))


@dataclass(frozen=True, slots=True)
class _Lot:
    """One board's lot being made, inside one transaction."""

    connection: sa.Connection
    hub: Hub
    exchange: str
    board: str
    recipient: str
    year: SchoolYear
    day: date
    moment: datetime

    def fill(self) -> None:
        """Decide, freeze, count, write down."""
        enrolled = self._enrolled()
        candidates, not_declarable = self._candidates(enrolled)
        declared, unchanged, withheld = self._decided(candidates)
        counts: dict[str, Any] = {
            "enrolled": len(enrolled),
            "declared": len(declared),
            "unchanged": unchanged,
            "not_declarable": dict(sorted(not_declarable.items())),
            "withheld": dict(sorted(withheld.items())),
            **content.NO_ANSWERS,
        }
        content.check(self.exchange, counts, answered=not declared)
        lot = ministry_exchange.lot_number(self.exchange, self.board, self.year.year)
        rows = [self._row(lot, number, item) for number, item in enumerate(declared, start=1)]
        if rows:
            self.connection.execute(sa.insert(declaration), rows)
        exchanges.record(
            self.connection,
            self.exchange,
            state="prepared" if rows else "done",
            counts=counts,
            receipt={"lot": lot, "school_year": self.year.year, "code_lists": self.year.code_lists},
            moment=self.moment,
        )
        facts = {
            "exchange": self.exchange,
            "lot": lot,
            "recipient": self.recipient,
            "content": content.digest_of(row["content_digest"] for row in rows),
            **counts,
        }
        append(self.connection, self.moment, Entry("ministry.lot-prepared", None, facts))

    def _enrolled(self) -> list[Held]:
        """The board's enrolments of the school year that hold on its 30 September."""
        census = date(self.year.year, 9, 30)
        return [
            held
            for held in dossier.current(self.connection, self.hub.keys, "Enrolment", organization=self.board)
            if held.document["school_year"] == self.year.year and held.holds(census)
        ]

    def _candidates(self, enrolled: Sequence[Held]) -> tuple[list[_Candidate], Counter[str]]:
        """Those that can be declared, and why the others cannot. Looks at the hub's own records only."""
        students: dict[str, list[Held]] = defaultdict(list)
        for held in dossier.current(self.connection, self.hub.keys, "Student", organization=self.board):
            students[held.person].append(held)
        before = self._before()
        candidates: list[_Candidate] = []
        reasons: Counter[str] = Counter()
        for held in enrolled:
            student = _same_file(held, students[held.person])
            if student is None:
                reasons["no-identity"] += 1
                continue
            last, accepted = before.get(held.key, (None, None))
            records = {"Enrolment": held.document, "Student": student.document}
            fields, reason = content.declared_fields(self.year, records)
            if (
                last is not None
                and last.state not in FINAL
                and self._digest(held.key, fields) != last.content_digest
            ):
                reason = reason or _PENDING
            if reason:
                reasons[reason] += 1
            else:
                candidates.append(_Candidate(held, student, last, accepted))
        return candidates, reasons

    def _before(self) -> dict[str, tuple[sa.Row[Any], sa.Row[Any] | None]]:
        """(last declaration, last one accepted or corrected) of each enrolment of the board."""
        query = (
            sa.select(declaration)
            .where(declaration.c.exchange.endswith(f"/{ROUTE}/{self.board}", autoescape=True))
            .order_by(declaration.c.prepared_at, declaration.c.number)
        )
        found: dict[str, tuple[sa.Row[Any], sa.Row[Any] | None]] = {}
        for row in self.connection.execute(query):
            accepted = row if row.state in ("accepted", "corrected") else None
            found[row.resource_key] = (row, accepted or found.get(row.resource_key, (None, None))[1])
        return found

    def _decided(self, candidates: Sequence[_Candidate]) -> tuple[list[_Declaration], int, Counter[str]]:
        """What is declared, how many are unchanged, and why the others are withheld."""
        result = door.release(
            self.connection,
            self.hub.keys,
            self.hub.settings,
            exchange=self.exchange,
            persons=sorted({item.enrolment.person for item in candidates}),
            recipient=self.recipient,
            purpose=PURPOSE,
            sections=SECTIONS,
            day=self.day,
            moment=self.moment,
            organization=self.board,
            delivered=_delivered(candidates),
        )
        released = {item.subject: item for item in result.released}
        refused = {item.subject: item.reason for item in result.refused}
        has_it = {item.subject for item in result.unchanged}
        declared: list[_Declaration] = []
        unchanged = 0
        withheld: Counter[str] = Counter()
        for item in candidates:
            person = item.enrolment.person
            if person in has_it:
                unchanged += 1
            elif person not in released:
                withheld[refused[person]] += 1
            else:
                made = self._declaration(item, released[person])
                if isinstance(made, str):
                    withheld[made] += 1
                elif item.last is not None and item.last.content_digest == made.digest:
                    unchanged += 1
                    self._remember(item.last.number, released[person])
                else:
                    declared.append(made)
        return declared, unchanged, withheld

    def _remember(self, number: str, released: Released) -> None:
        """The record changed in what is not declared: let the door know it again, and not ask each day."""
        digest = door.content_digest(self.hub.keys, released.decision, dict(released.resource))
        self.connection.execute(
            sa.update(declaration).where(declaration.c.number == number).values(release_digest=digest)
        )

    def _declaration(self, item: _Candidate, released: Released) -> _Declaration | str:
        """The transaction, built of the released records alone; or the reason why a section is missing."""
        student = _released_record(released, "identity", item.student)
        enrolment = _released_record(released, "enrolment", item.enrolment)
        if student is None or enrolment is None:
            section = "identity" if student is None else "enrolment"
            return dict(released.decision.withheld).get(section, "not-released")
        fields, reason = content.declared_fields(self.year, {"Student": student, "Enrolment": enrolment})
        if reason:
            return "field-not-released"
        accepted = item.accepted
        modifies = (accepted.modifies or accepted.number) if accepted is not None else None
        return _Declaration(item, released, fields, self._digest(item.enrolment.key, fields), modifies)

    def _digest(self, key: str, fields: Mapping[str, str]) -> bytes:
        text = orjson.dumps(dict(fields), option=orjson.OPT_SORT_KEYS).decode()
        return self.hub.keys.keyed_digest("declaration", str(self.year.year), key, text)

    def _row(self, lot: str, number: int, item: _Declaration) -> dict[str, Any]:
        named = f"{lot}-{number:06d}"
        fields = {self.year.number: f"{number:06d}", **item.fields}
        if item.modifies is not None:
            fields[self.year.reference] = item.modifies
        kind = self.year.create if item.modifies is None else self.year.modify
        resource = {section: list(records) for section, records in item.released.resource.items()}
        held = item.candidate
        return {
            "number": named,
            "exchange": self.exchange,
            "person": held.enrolment.person,
            "resource_key": held.enrolment.key,
            "modifies": item.modifies,
            "content_digest": item.digest,
            "release_digest": door.content_digest(self.hub.keys, item.released.decision, resource),
            "sealed": content.sealed(
                self.hub.keys, named, {"kind": kind, "fields": fields, "resource": resource}
            ),
            "origin": {"Enrolment": held.enrolment.place, "Student": held.student.place},
            "prepared_at": self.moment,
            "state": "prepared",
        }


def _delivered(candidates: Sequence[_Candidate]) -> dict[str, bytes]:
    """What the ministry was last told of each person, when all of it was told at once."""
    digests: dict[str, set[bytes | None]] = defaultdict(set)
    for item in candidates:
        digests[item.enrolment.person].add(item.last.release_digest if item.last is not None else None)
    alone = {person: next(iter(found)) for person, found in digests.items() if len(found) == 1}
    return {person: digest for person, digest in alone.items() if digest is not None}


def _same_file(enrolment: Held, students: Sequence[Held]) -> Held | None:
    """The record of the same board file: a person may have two files at one board."""
    named = enrolment.document["subject"][0]
    return next((held for held in students if named in held.document["subject"]), None)


def _released_record(released: Released, section: str, held: Held) -> Mapping[str, Any] | None:
    """The released record of what is held: its fields are all among those of the stored one."""
    for record in released.resource.get(section, ()):
        if all(held.document.get(name) == value for name, value in record.items()):
            found: Mapping[str, Any] = record
            return found
    return None
