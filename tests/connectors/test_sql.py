"""The SQL reader against a real PostgreSQL: names without case, whole rows, time limits, plain text."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import psycopg
import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import sql
from connectors.kit.contract import Column, Stream
from connectors.kit.installation import Installation
from connectors.kit.sql import postgres

CONTRACT = {"notes": Stream("notes", "Dbo.NOTES", (Column("id", "ID"), Column("note", "TexteNote")))}
NUMBERS = itertools.count()


@pytest.fixture
def installed(postgres_url: str) -> Installation:
    """A database with one table, spelled in mixed case as some sites do."""
    name = f"kit_sql_{next(NUMBERS)}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"create database {name}")
    address = psycopg.conninfo.make_conninfo(postgres_url, dbname=name)
    with psycopg.connect(address) as connection:
        connection.execute(
            "create schema dbo; create sequence dbo.s;"
            'create table dbo."Notes" ("Id" integer, "textenote" text)'
        )
        connection.execute(
            """insert into dbo."Notes" values (2, 'a "quoted", b'), (1, E'two\\nlines'), (3, ''), (4, null)"""
        )
    return Installation("gpi", "762000", address, {"password": "x"}, {})


@pytest.fixture
def reader(installed: Installation) -> Iterator[sql.Reader]:
    """A reader of that table."""
    made = sql.Reader(installed, CONTRACT, statement_seconds=1)
    yield made
    made.close()


def whole(reader: sql.Reader, condition: str = "true") -> pl.DataFrame:
    """All frames."""
    return pl.concat(reader.read("notes", condition=condition, order=("id",)))


def test_names_are_compared_without_case_and_text_arrives_as_it_stands(reader: sql.Reader) -> None:
    assert {
        "id": ["1", "2", "3", "4"],
        "note": ["two\nlines", 'a "quoted", b', "", None],
    } == whole(reader).to_dict(as_series=False)


def test_large_answers_come_in_frames_of_whole_rows(
    reader: sql.Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "BATCH_BYTES", 10)

    frames = list(reader.read("notes", condition="true", order=("id",)))

    assert len(frames) > 1
    assert ["1", "2", "3", "4"] == pl.concat(frames)["id"].to_list()


def test_no_rows_are_one_empty_frame_with_its_columns(reader: sql.Reader) -> None:
    assert {"id": [], "note": []} == whole(reader, "[notes.id] > 10").to_dict(as_series=False)
    assert 0 == reader.count("notes", condition="[notes.id] > 10")


def test_a_statement_that_takes_too_long_may_be_tried_again(reader: sql.Reader) -> None:
    with pytest.raises(RetryableError, match="stopped after 1 s"):
        reader.count("notes", condition="pg_sleep(3) is not null")


def test_a_connection_that_is_cut_may_be_tried_again(installed: Installation) -> None:
    reader = sql.Reader(installed, CONTRACT)
    assert 4 == reader.count("notes", condition="true")
    with psycopg.connect(installed.address, autocommit=True) as other:
        other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )

    with pytest.raises(RetryableError, match="cut"):
        whole(reader)
    reader.close()
    assert 4 == whole(reader).height


def test_a_value_never_stands_in_a_message(reader: sql.Reader) -> None:
    with pytest.raises(ConfigurationError) as caught:
        whole(reader, "[notes.note]::integer > 0")

    assert "quoted" not in caught.value.english + caught.value.french
    assert caught.value.__cause__ is None


def test_nothing_can_be_written_through_it(reader: sql.Reader) -> None:
    with pytest.raises(ConfigurationError, match="SQLSTATE 25006"):
        reader.count("notes", condition="nextval('dbo.s') > 0 or [notes.id] > 0")


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("not an address", ConfigurationError),
        ("postgresql://x@127.0.0.1:1/y", RetryableError),
    ],
)
def test_an_address_that_is_wrong_stops_and_one_that_is_silent_may_be_tried_again(
    address: str, error: type[Exception]
) -> None:
    installed = Installation("gpi", "762000", address, {"password": "secret-text"}, {})

    with pytest.raises(error, match="gpi@762000") as caught:
        sql.Reader(installed, CONTRACT).count("notes", condition="true")

    assert "secret-text" not in str(caught.value)


def test_a_database_that_is_not_there_stops(postgres_url: str) -> None:
    address = psycopg.conninfo.make_conninfo(postgres_url, dbname="nowhere")
    installed = Installation("gpi", "762000", address, {"password": "x"}, {})

    with pytest.raises(ConfigurationError, match="cannot be opened"):
        sql.Reader(installed, CONTRACT).count("notes", condition="true")


def test_a_table_that_is_not_there_is_named_with_its_stream(installed: Installation) -> None:
    contract = {"notes": Stream("notes", "dbo.absent", (Column("id", "id"),))}

    with pytest.raises(ConfigurationError, match=r"gpi@762000/notes: no table dbo\.absent"):
        sql.Reader(installed, contract).count("notes", condition="true")


def test_the_kit_never_says_select_star() -> None:
    kit = Path(sql.__file__).parent

    assert not [
        path.name for path in kit.glob("*.py") if "select *" in path.read_text().replace("`select *`", "")
    ]
