"""A simulated database that holds a connector's samples: a real PostgreSQL database and an account that only reads.

For connectors of SQL that have no simulator of their own yet: it holds no province, only samples/.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from connectors.kit import contract, files
from connectors.kit import manifest as manifests
from connectors.kit.sql_sandbox import Rows, SqlSandbox


class SampleDatabase(SqlSandbox):
    """`here`: the connector's folder. Each table of its contract is made of text columns, in the schema ``dbo``."""

    here: ClassVar[Path]
    demonstrated: ClassVar[bool] = False
    known_faults: ClassVar[dict[str, str]] = {
        "down": "nobody answers at its address",
        "missing-column": "the first table lacks its last column",
        "wrong-secret": "the account's password was changed",
    }

    def __init_subclass__(cls, **more: Any) -> None:
        """The tables are those of the contract that stands in `here`."""
        super().__init_subclass__(**more)
        streams = contract.read(manifests.read(cls.here).contract.path)
        cls.tables = {
            _table(stream): ", ".join(f'"{column.named.lower()}" text' for column in stream.columns)
            for stream in streams.values()
        }
        first = next(iter(streams.values()))
        cls.missing_column = (_table(first), first.columns[-1].named.lower())

    def contents(self) -> Iterator[tuple[str, Rows]]:
        """Every table's rows, from samples/<stream>.csv; an empty cell is null."""
        told = manifests.read(self.here)
        for name, stream in contract.read(told.contract.path).items():
            frame = files.read_any(self.here / "samples" / f"{name}.csv")
            yield _table(stream), frame.select(column.named.lower() for column in stream.columns).rows()


def _table(stream: contract.Stream) -> str:
    return stream.named.rpartition(".")[2].lower()
