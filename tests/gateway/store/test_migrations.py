"""Migrations make exactly the tables of schema.py, once, and leave a newer database alone."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from canonical_model.errors import ConfigurationError
from gateway.store import migrations
from gateway.store.hub import Hub
from gateway.store.schema import metadata
from gateway.store.server import Server


@pytest.fixture
def empty(postgres: Server) -> Iterator[sa.Engine]:
    """A database without any table."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("drop database if exists migrated_by_test")
        connection.execute("create database migrated_by_test")
    engine = sa.create_engine(postgres.sqlalchemy_url("migrated_by_test"))
    yield engine
    engine.dispose()


def described(engine: sa.Engine) -> list[tuple[object, ...]]:
    """Every column and constraint of the database, as PostgreSQL tells them."""
    with engine.connect() as connection:
        columns = connection.execute(
            sa.text(
                "select table_name, column_name, data_type, is_nullable, column_default"
                " from information_schema.columns where table_schema = 'public' order by 1, 2"
            )
        )
        rules = connection.execute(
            sa.text(
                "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
                " where connamespace = 'public'::regnamespace order by 1, 2"
            )
        )
        return [*map(tuple, columns), *map(tuple, rules)]


def test_the_migrations_make_the_tables_that_the_code_describes(empty: sa.Engine) -> None:
    migrations.upgrade(empty)

    with empty.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert [] == compare_metadata(context, metadata)


def test_constraints_and_comments_are_those_of_the_code_too(
    empty: sa.Engine, postgres: Server, new_hub: Callable[[], Hub]
) -> None:
    """What Alembic does not compare, as check constraints: both ways make the same tables."""
    metadata.create_all(empty)
    migrated = new_hub().engine

    assert described(empty) == [row for row in described(migrated) if "alembic_version" not in str(row[0])]


def test_upgrading_twice_changes_nothing(empty: sa.Engine) -> None:
    migrations.upgrade(empty)
    before = described(empty)
    migrations.upgrade(empty)

    assert before == described(empty)


def test_a_database_of_a_newer_hub_is_refused_and_left_as_it_is(hub: Hub) -> None:
    with hub.transaction() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999_of_tomorrow'"))

    with pytest.raises(ConfigurationError, match="a newer hub") as raised:
        migrations.upgrade(hub.engine)
    assert "version plus récente" in raised.value.french
    with hub.transaction() as connection:
        assert "9999_of_tomorrow" == connection.scalar(sa.text("select version_num from alembic_version"))
