"""Keyset positions, cursor columns and the guard of the SQL reader, on PostgreSQL through both drivers."""

import itertools
import random
from collections.abc import Callable, Iterator

import polars as pl
import psycopg
import pytest
import sqlalchemy as sa

from canonical_model.errors import ConfigurationError
from connectors.kit import sql
from connectors.kit.contract import Column, Stream
from connectors.kit.errors import PositionLostError
from connectors.kit.installation import Installation
from connectors.kit.protocol import Page
from connectors.kit.sql import engine, postgres
from connectors.kit.sql.engine import EngineDriver

CONTRACT = {
    "marks": Stream("marks", "dbo.marks", tuple(Column(n, n) for n in ("fiche", "mat", "note", "modified")))
}
KEY = ("fiche", "mat")
ROWS = 300
NUMBERS = itertools.count()


@pytest.fixture
def installed(postgres_url: str) -> Installation:
    """A table with a key of two columns, a text and a number, whose order differs from that of their text."""
    name = f"kit_keyset_{next(NUMBERS)}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"create database {name}")
    address = psycopg.conninfo.make_conninfo(postgres_url, dbname=name)
    with psycopg.connect(address) as connection:
        connection.execute(
            "create schema dbo; create table dbo.marks"
            " (fiche text, mat integer, note text, modified timestamp, primary key (fiche, mat))"
        )
        connection.execute(
            "insert into dbo.marks select 'É-' || n %% 7, n, 'note, ' || n,"
            " timestamp '2026-02-16' + n * interval '1 s' from generate_series(1, %s) n",
            [ROWS],
        )
    return Installation("gpi", "762000", address, {"password": "x"}, {})


@pytest.fixture(params=["copy", "engine"])
def new_reader(
    request: pytest.FixtureRequest, installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], sql.Reader]]:
    """Makes readers whose pages are small, over psycopg's COPY or over a SQLAlchemy engine."""
    monkeypatch.setattr(postgres, "BATCH_BYTES", 1)
    monkeypatch.setattr(engine, "BATCH_ROWS", 40)
    made: list[sql.Reader] = []

    def new() -> sql.Reader:
        reader = sql.Reader(installed, CONTRACT)
        if request.param == "engine":
            held = sa.create_engine(
                "postgresql+psycopg://",
                creator=lambda: psycopg.connect(installed.address),
                isolation_level="REPEATABLE READ",
            )
            reader._driver = EngineDriver("gpi@762000", held, secret="password", statement_seconds=5)
        made.append(reader)
        return reader

    yield new
    for reader in made:
        reader.close()


def pages(reader: sql.Reader, position: str | None = None, **asked: str | None) -> Iterator[Page]:
    return reader.pages("marks", condition="", order=KEY, position=position, **asked)


def rows(read: list[Page]) -> list[tuple[str, ...]]:
    return pl.concat([page.frame for page in read]).rows()


def test_a_pull_is_taken_up_after_any_page_in_another_connection(
    new_reader: Callable[[], sql.Reader],
) -> None:
    whole = list(pages(new_reader()))

    assert ROWS == len(set(rows(whole)))
    assert len(whole) > 3
    for number in random.Random(1).sample(range(len(whole)), 3):
        rest = list(pages(new_reader(), whole[number].position))
        assert rows(whole) == rows(whole[: number + 1]) + rows(rest)


def test_a_pull_that_was_at_its_end_gives_one_empty_page_more(new_reader: Callable[[], sql.Reader]) -> None:
    last = list(pages(new_reader()))[-1]
    [page] = pages(new_reader(), last.position)

    assert (0, ["fiche", "mat", "note", "modified"]) == (page.frame.height, page.frame.columns)
    assert last.position == page.position


def test_only_rows_from_the_cursor_on_are_read_and_the_greatest_is_told(
    new_reader: Callable[[], sql.Reader],
) -> None:
    reader = new_reader()
    read = list(pages(reader, cursor="modified", since="2026-02-16 00:04:50"))

    assert {str(n) for n in range(290, ROWS + 1)} == {row[1] for row in rows(read)}
    assert {"2026-02-16 00:05:00"} == {page.cursor for page in read}
    assert 11 == reader.count("marks", condition="", cursor="modified", since="2026-02-16 00:04:50")


def test_a_row_changed_while_a_pull_was_interrupted_is_not_passed_over_by_the_next(
    installed: Installation, new_reader: Callable[[], sql.Reader]
) -> None:
    """The pull ends with the cursor of the snapshot in which it began: what came later is asked for again."""
    first = next(pages(new_reader(), cursor="modified"))
    with psycopg.connect(installed.address) as other:
        other.execute(
            "update dbo.marks set note = 'new', modified = '2026-02-17' where mat = 7"
        )  # read already
    rest = list(pages(new_reader(), first.position, cursor="modified"))
    following = rows(list(pages(new_reader(), cursor="modified", since=rest[-1].cursor)))

    assert "7" in first.frame["mat"].to_list()
    assert {"2026-02-16 00:05:00"} == {page.cursor for page in rest}
    assert ("É-0", "7", "new", "2026-02-17 00:00:00") in following


def test_a_position_of_another_reader_is_refused(new_reader: Callable[[], sql.Reader]) -> None:
    for position in ("token", "[[],null]", '[["1"],null]', "[1,2]", '[[1,2],"x"]'):
        with pytest.raises(PositionLostError):
            list(pages(new_reader(), position))


@pytest.mark.parametrize(
    "condition",
    [
        "true); delete from dbo.marks; select (true",
        "true; delete from dbo.marks",
        "[marks.mat] > 0 -- and the rest",
        "[marks.mat] > 0 /* and",
        "[marks.mat] > 0) or (true",
        "([marks.mat] > 0",
        "[marks.note] = 'open",
    ],
)
def test_a_condition_that_could_end_the_select_is_refused_and_nothing_is_asked(
    installed: Installation, condition: str
) -> None:
    reader = sql.Reader(installed, CONTRACT)
    with pytest.raises(ConfigurationError, match="gpi@762000/marks: a condition is one part of a WHERE"):
        reader.count("marks", condition=condition)
    reader.close()

    with psycopg.connect(installed.address) as connection:
        assert (ROWS,) == connection.execute("select count(*) from dbo.marks").fetchone()


def test_what_only_looks_like_a_parameter_or_an_end_is_the_database_s(
    new_reader: Callable[[], sql.Reader],
) -> None:
    condition = (
        "[marks.note] like 'note, 1%%' and [marks.modified]::text > '2026-02-16 00:01:30'"
        " and [marks.note] <> ';--(' and [marks.mat] = %(mat)s::integer"
    )

    assert 1 == new_reader().count("marks", condition=condition, parameters={"mat": "150"})


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("[marks.mat] > %(since)s", r"names %\(since\)s, which nobody gives"),
        ("[marks.naissance] > 0", "the contract has no column naissance"),
        ("exists (select 1 from [pupils])", "gpi@762000/pupils: the contract has no such stream"),
    ],
)
def test_what_a_condition_names_must_be_there(installed: Installation, condition: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        sql.Reader(installed, CONTRACT).count("marks", condition=condition)


def test_an_account_that_may_write_is_reported(
    installed: Installation, new_reader: Callable[[], sql.Reader]
) -> None:
    role = f"only_reads_{next(NUMBERS)}"

    assert ("marks",) == new_reader().writable()
    with psycopg.connect(installed.address) as connection:
        connection.execute(
            f"create role {role} login password 'x'; grant usage on schema dbo to {role};"
            f" grant select on dbo.marks to {role}"
        )
    address = psycopg.conninfo.make_conninfo(installed.address, user=role)
    reader = sql.Reader(Installation("gpi", "762000", address, {"password": "x"}, {}), CONTRACT)

    assert () == reader.writable()
    assert ROWS == reader.count("marks", condition="")
    reader.close()
