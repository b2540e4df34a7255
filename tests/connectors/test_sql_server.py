"""What the reader would say to SQL Server, compiled for its dialect: no server of it can run here."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from canonical_model.errors import ConfigurationError
from connectors.kit import sql
from connectors.kit.contract import Column, Stream
from connectors.kit.installation import Installation
from connectors.kit.sql import statements
from connectors.kit.sql.engine import EngineDriver
from connectors.kit.sql.statements import Spelled, Table

DIALECT = mssql.dialect(paramstyle="pyformat")
CONTRACT = Stream(
    "marks", "dbo.GPM_E_MAT_ELE", (Column("fiche", "Fiche"), Column("mat", "Mat"), Column("vu", "Vu"))
)
TABLE = Table(
    "gpi@762000",
    CONTRACT,
    [
        Spelled("dbo", "GPM_E_MAT_ELE", "FICHE", "varchar"),
        Spelled("dbo", "GPM_E_MAT_ELE", "MAT", "float"),
        Spelled("dbo", "GPM_E_MAT_ELE", "VU", "datetime"),
    ],
)  # fmt: skip


@pytest.fixture
def driver() -> EngineDriver:
    """A driver of that dialect without a connection."""
    made = EngineDriver.__new__(EngineDriver)
    made.dialect = DIALECT
    return made


def text(statement: sa.ClauseElement) -> str:
    return " ".join(str(statement.compile(dialect=DIALECT)).split())


def condition(said: str) -> sa.TextClause:
    return statements.condition(
        said, {"org": "762000"}, place="gpi@762000/marks", table=lambda _: TABLE, dialect=DIALECT
    )


def test_the_names_are_in_brackets_and_the_key_is_compared_column_by_column(driver: EngineDriver) -> None:
    key = [TABLE.column("fiche"), TABLE.column("mat")]
    select = statements.rows(
        [driver.as_text(TABLE, name) for name in CONTRACT.names],
        TABLE,
        [
            condition("exists (select 1 from [marks] where [marks.fiche] = %(org)s)"),
            statements.after(key, ["1", "2"], DIALECT),
        ],
        key,
    )
    place = "[dbo].[GPM_E_MAT_ELE]"

    assert (
        f"SELECT CAST({place}.[FICHE] AS NVARCHAR(max)) AS fiche,"
        f" convert(NVARCHAR(max), {place}.[MAT], 3) AS mat, convert(NVARCHAR(max), {place}.[VU], 126) AS vu"
        f" FROM {place}"
        f" WHERE (exists (select 1 from {place} where {place}.[FICHE] = %(org)s))"
        f" AND ({place}.[FICHE] > %(after_0)s OR {place}.[FICHE] = %(after_0)s AND {place}.[MAT] > %(after_1)s)"
        f" ORDER BY {place}.[FICHE], {place}.[MAT]"
    ) == text(select)


def test_the_count_and_the_greatest_cursor_are_selects_too(driver: EngineDriver) -> None:
    place = "[dbo].[GPM_E_MAT_ELE]"

    assert f"SELECT count(*) AS count_1 FROM {place} WHERE (1 = 1)" == text(
        statements.counting(TABLE, [condition("")])
    )
    assert f"convert(NVARCHAR(max), max({place}.[VU]), 126)" == text(driver.greatest(TABLE, "vu"))


def test_rights_to_write_are_asked_by_name(driver: EngineDriver) -> None:
    said = text(sa.select(driver.may_write(TABLE)))

    assert 3 == said.count("has_perms_by_name(")
    assert "FROM" not in said


def test_a_snapshot_is_begun_by_the_dialect() -> None:
    """`isolation_level="SNAPSHOT"` is a word of SQLAlchemy's SQL Server dialect; what it sends is checked here."""
    sent: list[str] = []

    class Cursor:
        def execute(self, statement: str) -> None:
            sent.append(statement)

        def close(self) -> None: ...

    class Connection:
        def cursor(self) -> Cursor:
            return Cursor()

        def commit(self) -> None: ...

    DIALECT.set_isolation_level(Connection(), "SNAPSHOT")

    assert ["SET TRANSACTION ISOLATION LEVEL SNAPSHOT"] == sent


def test_without_pyodbc_the_reader_says_what_to_install() -> None:
    try:
        import pyodbc  # noqa: F401, PLC0415
    except ImportError:
        pass
    else:
        pytest.skip("pyodbc is installed here")
    address = "mssql+pyodbc://lecteur@127.0.0.1/GPI?driver=ODBC+Driver+18+for+SQL+Server"
    installed = Installation("gpi", "762000", address, {"password": "secret-text"}, {})

    with pytest.raises(ConfigurationError, match="pyodbc or its ODBC driver is absent") as caught:
        sql.Reader(installed, {"marks": CONTRACT}).count("marks", condition="")
    assert "secret-text" not in caught.value.english + caught.value.french
