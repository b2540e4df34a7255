"""PostgreSQL: the embedded one lets nobody in without a password; an external one that fails is told apart by why."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import conninfo

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from gateway.settings import Settings
from gateway.store import server
from gateway.store.server import Server

PASSWORD = "Xq-not-to-be-shown"


@pytest.fixture(scope="module")
def role(postgres: Server) -> Iterator[str]:
    """A role that may sign in with PASSWORD and make nothing."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create role outsider login password '{PASSWORD}'")
        yield "outsider"
        connection.execute("drop role outsider")


def address(postgres: Server, role: str, password: str, database: str = "postgres") -> str:
    folder = quote(str(conninfo.conninfo_to_dict(postgres.uri)["host"]), safe="")
    return f"postgresql://{role}:{password}@/{database}?host={folder}"


def refusal(uri: str, home: Path) -> HubError:
    with pytest.raises(HubError) as raised:
        server.ensure(Settings(home=home, database_url=uri))
    told = f"{raised.value.english} {raised.value.french} {raised.value!r}"
    assert PASSWORD not in told
    assert "wrong-word" not in told
    return raised.value


def test_the_embedded_server_listens_on_no_network(postgres: Server) -> None:
    with psycopg.connect(postgres.url("postgres")) as connection:
        assert ("",) == connection.execute("show listen_addresses").fetchone()


def test_the_embedded_server_asks_other_roles_for_their_password(postgres: Server, role: str) -> None:
    for password in ("", "wrong-word"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(address(postgres, role, password))
    with psycopg.connect(address(postgres, role, PASSWORD)) as connection:
        assert (role,) == connection.execute("select current_user").fetchone()


@pytest.mark.parametrize("password", ["", "wrong-word"])
def test_a_refused_sign_in_stops_and_tells_no_password(
    postgres: Server, role: str, tmp_path: Path, password: str
) -> None:
    error = refusal(address(postgres, role, password), tmp_path)

    assert isinstance(error, ConfigurationError)
    assert "refuses the sign-in" in error.english
    assert "refuse la connexion" in error.french


@pytest.mark.parametrize("place", ["127.0.0.1:1", "no-such-host.invalid", "/?host=/nowhere/at/all"])
def test_where_nobody_listens_one_may_try_again(tmp_path: Path, place: str) -> None:
    uri = f"postgresql://hub:{PASSWORD}@{place}".replace("@/?", "@/hub?") + ("" if "?" in place else "/hub")
    error = refusal(uri, tmp_path)

    assert isinstance(error, RetryableError)
    assert 3 == error.exit_code


@pytest.mark.parametrize(
    "uri",
    ["mysql://hub:{}@h/hub", "postgresql://hub:{}@h", "postgresql://hub:{}@h:port/hub", "postgresql://hub:{}@[::1/hub",
     "host=h password={}", "{}"],
)  # fmt: skip
def test_what_is_no_address_of_a_postgresql_stops(tmp_path: Path, uri: str) -> None:
    error = refusal(uri.format(PASSWORD), tmp_path)

    assert isinstance(error, ConfigurationError)
    assert "postgresql://" in error.french


def test_a_database_that_is_absent_and_may_not_be_made_is_named(
    postgres: Server, role: str, tmp_path: Path
) -> None:
    error = refusal(address(postgres, role, PASSWORD, "not_there"), tmp_path)

    assert isinstance(error, ConfigurationError)
    assert "no database not_there" in error.english


def test_an_external_server_is_given_the_databases_that_are_needed_and_no_other(
    postgres: Server, tmp_path: Path
) -> None:
    held = server.ensure(
        Settings(home=tmp_path / "home", database_url=postgres.url("hub_of_its_own")),
        databases=("for_airflow",),
    )
    held.release()

    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        made = {name for (name,) in connection.execute("select datname from pg_database")}
        connection.execute("drop database hub_of_its_own")
        connection.execute("drop database for_airflow")
    assert {"hub_of_its_own", "for_airflow"} <= made
    assert not (tmp_path / "home").exists()


def test_an_address_is_the_same_for_another_database_and_another_driver() -> None:
    held = Server(f"postgresql://hub:{PASSWORD}@/passerelle?host=/x/y")

    assert f"postgresql://hub:{PASSWORD}@/airflow?host=/x/y" == held.url("airflow")
    assert f"postgresql+psycopg://hub:{PASSWORD}@/passerelle?host=/x/y" == held.sqlalchemy_url()
    assert PASSWORD not in repr(held)


def test_a_process_that_died_does_not_hold_the_embedded_server_up(tmp_path: Path) -> None:
    held = tmp_path / ".handle_pids.json"
    held.write_text(json.dumps([os.getpid(), 4_194_305]))  # above the largest process id of Linux
    server._forget_dead_holders(held)

    assert [os.getpid()] == json.loads(held.read_text())
