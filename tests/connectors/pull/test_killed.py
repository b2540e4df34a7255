"""`kill -9` at any moment of a pull, over REST and SQL, and run again: the source's rows, none twice."""

from pathlib import Path

import psycopg

from tests.connectors.pull import killed

ROWS = 2_000


def test_a_rest_pull_that_is_killed_three_times_ends_with_exactly_the_rows_of_the_source(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "items"
    with killed.served(killed.application(ROWS)) as address:
        done = killed.killed_and_run_again(folder, killed.puller(folder, address, "20"), 3, ROWS // 20)

    assert 3 == done
    assert killed.same_rows(folder, ROWS)


def test_a_table_whose_pull_is_killed_three_times_ends_with_exactly_its_rows(
    tmp_path: Path, postgres_url: str
) -> None:
    folder = tmp_path / "items"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("create database killed_pull")
    address = psycopg.conninfo.make_conninfo(postgres_url, dbname="killed_pull")
    killed.filled(address, ROWS)
    done = killed.killed_and_run_again(folder, killed.puller(folder, address, "500"), 3, ROWS // 25)

    assert 3 == done
    assert killed.same_rows(folder, ROWS)
