"""A simulated Jade: a real PostgreSQL database with the true table shapes, holding what one board declared.

Written from the published facts, not from source.py. It holds what a real one holds and a reader must
leave alone: pupils of long ago, frequentations of another board. Those who finished last year are there
too, and GPI knows them no more.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from typing import Any, ClassVar

from connectors.kit.province.declared import Declared, Frequentation, Sitting, declared
from connectors.kit.province.defects import carriers
from connectors.kit.province.model import Board, Pupil
from connectors.kit.province.people import plain_letters
from connectors.kit.sql_sandbox import Rows, SqlSandbox

_NEIGHBOUR = "866000"  # the other board of whom a few rows lie in this database
_UNKNOWN_PLACE = "999"
_FORMER = 1_100_000  # file numbers of those who left: below every pupil's
_REGIME = "J5"
_TABLES: Mapping[str, str] = {
    "t_ecocen": "ecocen varchar(3) primary key, ecooff varchar(6), descr varchar(60), cenoff varchar(6),"
    " cfpoff varchar(6), vpdeffect varchar(8), vpdclient varchar(2), cal varchar(3)",
    "t_prog": "prog varchar(8) primary key, progmeq varchar(6), descrprog varchar(30), descrproglong varchar(120),"
    " regimesanct varchar(4), typediplome varchar(6)",
    "e_ele": "fiche varchar(12) primary key, codeperm varchar(12), nom varchar(60), pnom varchar(60),"
    " datenaiss varchar(8), sexe varchar(1), langmatern varchar(3), indlieunaisselen varchar(1),"
    " nompere varchar(60), pnompere varchar(60), nommere varchar(60), pnommere varchar(60),"
    " nomtuteur varchar(60), pnomtuteur varchar(60), adr_electr_ele varchar(100), adr_electr_pere varchar(100),"
    " adr_electr_mere varchar(100), adr_electr_tuteur varchar(100), champ_local varchar(20)",
    "e_freq": "fiche varchar(12) not null, annee varchar(4) not null, freq smallint not null, datedeb varchar(8),"
    " datefin varchar(8), statut varchar(2), org varchar(6), ecocen varchar(3), bat varchar(6),"
    " client varchar(2), typefreq varchar(3), prog varchar(8), serviceenseign varchar(2),"
    " unique (fiche, annee, freq)",
    "e_adr": "fiche varchar(12) not null, typeadr varchar(1) not null, dateeffect varchar(8) not null,"
    " datefin varchar(8), nociv varchar(10), orientrue varchar(10), genrerue varchar(10), rue varchar(60),"
    " app varchar(10), ville varchar(60), prov varchar(2), codepost varchar(7), envoimeq varchar(1),"
    " envoidoc varchar(1), envoitrsp varchar(1), unique (fiche, typeadr, dateeffect)",
    "e_ri_resultats": "codeperm varchar(12), fiche varchar(12), nomariane varchar(60), pnomlegal varchar(60),"
    " ecocenoff varchar(6), matcharl varchar(6), grpcharl varchar(6), anneesanct varchar(4), moissanct varchar(2),"
    " dateobtensionres varchar(8), resecobrute varchar(6), resecomod varchar(6), resoffbrute varchar(6),"
    " resoffconv varchar(6), resofffinal varchar(6), indreuscharl varchar(2), nbunitecharl varchar(2),"
    " regsanctcharl varchar(4), annee varchar(4), typeformcharl varchar(2), typeclient varchar(2),"
    " secteurenseignfreq varchar(2), datehrerecup varchar(23)",
    "e_ri_mentions": "codeperm varchar(12), fiche varchar(12), ecocenoff varchar(6), progcharl varchar(6),"
    " typediplomecharl varchar(6), regimesanctcharl varchar(4), indreussanctcharl varchar(1),"
    " dateobtmention varchar(8), dateexecsanct varchar(8)",
}


class Sandbox(SqlSandbox):
    """One board's Jade, in the database ``sandbox_jade_<board>``, read by the role ``jade_reader_<board>``.

    `planted`: the file number that carries each of its own defects, by the defect's name.
    """

    demonstrated = False
    tables = _TABLES
    missing_column = ("e_freq", "typefreq")
    known_faults: ClassVar[dict[str, str]] = {
        "down": "nobody answers at its address",
        "missing-column": "e_freq has no column typefreq",
        "wrong-secret": "the account's password was changed",
    }

    @cached_property
    def planted(self) -> Mapping[str, int]:
        """Defect to file number: ``unknown-place``, ``not-a-date``, ``end-before-start``, ``financed-twice``,
        ``postal-code``, ``unknown-mark``.
        """
        board, year = self._board, self.province.school_year
        held = {pupil.fiche: found for pupil, found in self._declared}

        def counted(pupil: Pupil) -> bool:
            return any(
                found.year == year and found.kind == "FIN" for found in held[pupil.fiche].frequentations
            )

        def examined(pupil: Pupil) -> bool:
            return bool(held[pupil.fiche].sittings) and pupil.code_permanent is not None

        kinds = {
            "unknown-place": counted, "not-a-date": lambda pupil: pupil.sex != "X", "end-before-start": counted,
            "financed-twice": counted, "postal-code": counted, "unknown-mark": examined,
        }  # fmt: skip
        return carriers(self.province, board, "jade", kinds)

    def contents(self) -> Iterator[tuple[str, Rows]]:
        """The seven tables, with what a reader must leave alone."""
        board, year = self._board, self.province.school_year
        yield "t_ecocen", list(_places(board))
        yield "t_prog", [("DESJ", "DES", "DES", "Diplôme d'études secondaires", _REGIME, "DES")]
        yield "e_ele", [*map(self._pupil, board.pupils), *_former(year)]
        yield "e_freq", [*self._frequentations(), *_former_frequentations(board, year)]
        yield "e_adr", [row for pupil, found in self._declared for row in self._addresses(pupil, found)]
        yield (
            "e_ri_resultats",
            [row for pupil, found in self._declared for row in self._results(pupil, found)],
        )
        yield "e_ri_mentions", list(self._diplomas())

    @property
    def _board(self) -> Board:
        return self.province.board(self.organization)

    @cached_property
    def _declared(self) -> tuple[tuple[Pupil, Declared], ...]:
        board = self._board
        return tuple((pupil, declared(self.province, board, pupil)) for pupil in board.pupils)

    def _pupil(self, pupil: Pupil) -> tuple[Any, ...]:
        people: list[str] = []
        for relation in ("father", "mother", "tutor"):
            found = [guardian for guardian in pupil.guardians if guardian.relation == relation]
            people += [found[0].family_name, found[0].given_name] if found else ["", ""]
        mails = {guardian.relation: guardian.email for guardian in pupil.guardians}
        form = (
            "NFD" if pupil.fiche % 70 == 0 else "NFC"
        )  # some rows came from a system that takes signs apart
        born = _day(pupil.birth_date)
        return (
            _fiche(pupil.fiche),
            pupil.code_permanent or "",
            unicodedata.normalize(form, pupil.family_name) + ("   " if pupil.fiche % 50 == 0 else ""),  # type: ignore[arg-type]
            pupil.given_name,
            f"{born[:4]}0231" if pupil.fiche == self.planted.get("not-a-date") else born,
            pupil.sex,
            "01" if self._board.language == "fr" else "02",
            "",
            *people,
            "",
            *(mails.get(relation, "") for relation in ("father", "mother", "tutor")),
            "local",
        )

    def _frequentations(self) -> Iterator[tuple[Any, ...]]:
        year = self.province.school_year
        for pupil, found in self._declared:
            for held in found.frequentations:
                row = _frequentation(self.organization, pupil.fiche, held)
                if held.year == year and held.number == 1:
                    if pupil.fiche == self.planted.get("unknown-place"):
                        row[7] = _UNKNOWN_PLACE
                    if pupil.fiche == self.planted.get("end-before-start"):
                        row[4] = _day(held.start - timedelta(days=20))
                yield tuple(row)
            if pupil.fiche == self.planted.get("financed-twice"):
                again = Frequentation(year, 8, "FIN", pupil.school, date(year, 9, 15), None)
                yield tuple(_frequentation(self.organization, pupil.fiche, again))

    def _addresses(self, pupil: Pupil, found: Declared) -> Iterator[tuple[Any, ...]]:
        for number, home in enumerate(found.homes):
            civic, street = home.street.replace(",", "").split(" ", 1)
            end = _day(home.end) if home.end else ("0" if pupil.fiche % 11 == 0 else "")
            broken = number == 0 and pupil.fiche == self.planted.get("postal-code")
            code = home.postal_code[:4] if broken else f"{home.postal_code[:3]} {home.postal_code[3:]}"
            yield (
                _fiche(pupil.fiche), home.kind, _day(home.start), end, civic, "", "", street, "", home.city, "QC",
                code, "1" if home.main else "0", "1", "1",
            )  # fmt: skip

    def _results(self, pupil: Pupil, found: Declared) -> Iterator[tuple[Any, ...]]:
        """Nothing for who has no code permanent: the Ministry answers by it."""
        if pupil.code_permanent is None:
            return
        faulty = pupil.fiche == self.planted.get("unknown-mark")
        for sitting in found.sittings:
            for received in sitting.received:
                marks = (*sitting.marks[:4], "TE") if faulty else sitting.marks
                yield _result(pupil, sitting, marks, received)
                faulty = False

    def _diplomas(self) -> Iterator[tuple[Any, ...]]:
        year = self.province.school_year
        executed = _day(date(year, 7, 15))
        for pupil, found in self._declared:
            if found.examined and pupil.code_permanent:
                school = pupil.school.official
                yield (
                    pupil.code_permanent, str(pupil.fiche), school, "DES", "DES", _REGIME, "N", "", executed,
                )  # fmt: skip
        school = next(school.official for school in self._board.schools if school.category == "SEC")
        for fiche, code, *_ in _former(year)[:2]:
            obtained = _day(date(year, 6, 30))
            yield code, str(int(fiche)), school, "DES", "DES", _REGIME, "O", obtained, executed


def _fiche(fiche: int) -> str:
    """Seven digits, and for a few a suffix that is no part of the number."""
    return f"{fiche:07d}_1" if fiche % 60 == 0 else f"{fiche:07d}"


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")


def _places(board: Board) -> Iterator[tuple[Any, ...]]:
    for school in board.schools:
        yield school.local, school.official, school.name, "", "", "", "", ""
    yield "320", "", "Centre des adultes", f"{board.code[:3]}320", "", "", "", ""


def _frequentation(board: str, fiche: int, held: Frequentation) -> list[Any]:
    return [
        _fiche(fiche), str(held.year), held.number, _day(held.start), _day(held.end) if held.end else "", "",
        board, held.school.local, "001", "", held.kind, "", "01",
    ]  # fmt: skip


def _result(pupil: Pupil, sitting: Sitting, marks: tuple[str, ...], received: date) -> tuple[Any, ...]:
    names = plain_letters(pupil.family_name), plain_letters(pupil.given_name)
    return (
        pupil.code_permanent, str(pupil.fiche), *names, sitting.school, sitting.course, "",
        str(sitting.year), str(sitting.month), _day(received - timedelta(days=10)), *marks,
        "R" if sitting.passed else "", str(sitting.units) if sitting.passed else "", _REGIME,
        str(sitting.school_year), "FG", "", "JE", f"{received.isoformat()} 06:00:00",
    )  # fmt: skip


def _former(year: int) -> list[tuple[Any, ...]]:
    """Two who finished last year and one who left long ago: GPI holds none of them."""
    born = date(year - 17, 12, 5)
    stem = f"FINA{born.day + 62:02d}{born.month + 50:02d}{born.year % 100:02d}"
    return [
        (
            f"{_FORMER + number:07d}", f"{stem}{number:02d}",
            "Finissant", "Ancienne", _day(born), "F", "01", *("",) * 11, "local",
        )
        for number in (1, 2, 3)
    ]  # fmt: skip


def _former_frequentations(board: Board, year: int) -> Iterator[tuple[Any, ...]]:
    school = next(school for school in board.schools if school.category == "SEC")
    for number, before in ((1, 1), (2, 1), (3, 5)):
        start = year - before
        held = Frequentation(start, 1, "FIN", school, date(start, 8, 28), date(start + 1, 6, 30))
        yield tuple(_frequentation(board.code, _FORMER + number, held))
    other = Frequentation(year, 1, "FRE", school, date(year, 10, 2), None)
    yield tuple(_frequentation(_NEIGHBOUR, _FORMER + 4, other))
