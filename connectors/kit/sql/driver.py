"""What a database driver does for the reader: connects read-only, runs one SELECT, gives text. It writes nothing."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.sql.statements import Spelled, Table

CONNECT_SECONDS = 10


class Driver(ABC):
    """One connection and its snapshot. `place` is ``system/stream``, for errors; no error holds a value."""

    dialect: sa.Dialect

    @abstractmethod
    def spelling(self, place: str, schema: str, table: str) -> Sequence[Spelled]:
        """The columns of a table that this account may read, its names compared without case."""

    @abstractmethod
    def frames(self, place: str, select: sa.Select[Any], names: tuple[str, ...]) -> Iterator[pl.DataFrame]:
        """The rows of a SELECT in frames of text; none for no rows."""

    @abstractmethod
    def value(self, place: str, select: sa.Select[Any]) -> Any:
        """The one value of a SELECT, None for null."""

    @abstractmethod
    def as_text(self, table: Table, name: str) -> sa.ColumnElement[Any]:
        """A column as `frames` must be asked for it."""

    @abstractmethod
    def greatest(self, table: Table, name: str) -> sa.ColumnElement[Any]:
        """The greatest value of a column, as text."""

    @abstractmethod
    def may_write(self, table: Table) -> sa.ColumnElement[Any]:
        """Whether this account may change the rows of a table."""

    @abstractmethod
    def close(self) -> None:
        """End the snapshot and the connection."""


def sign_in_refused(system: str, secret: str) -> ConfigurationError:
    """The database does not take the account or its password."""
    return ConfigurationError(
        f"{system}: the sign-in is refused. Correct the secret {secret}.",
        f"{system} : la connexion est refusée. Corrigez le secret {secret}.",
    )


def no_database(system: str) -> ConfigurationError:
    """The server is there, the database is not, or is closed to the account."""
    return ConfigurationError(
        f"{system}: the database of the address cannot be opened. Correct it in systems.yaml.",
        f"{system} : la base de l'adresse ne s'ouvre pas. Corrigez-la dans systems.yaml.",
    )


def no_answer(system: str) -> RetryableError:
    """Nobody answers at the address."""
    return RetryableError(
        f"{system}: no answer. Check that the database runs, then try again.",
        f"{system} : pas de réponse. Vérifiez que la base fonctionne, puis réessayez.",
    )


def too_long(place: str, seconds: int) -> RetryableError:
    """The statement took longer than it may."""
    return RetryableError(
        f"{place}: stopped after {seconds} s. Try again at a quieter hour.",
        f"{place} : arrêté après {seconds} s. Réessayez à une heure plus calme.",
    )


def cut(place: str, state: str) -> RetryableError:
    """The connection broke while it was read."""
    return RetryableError(
        f"{place}: the connection was cut (SQLSTATE {state}). Try again.",
        f"{place} : la connexion a été coupée (SQLSTATE {state}). Réessayez.",
    )


def refused(place: str, state: str) -> ConfigurationError:
    """The database does not run the statement."""
    return ConfigurationError(
        f"{place}: the database refuses the query (SQLSTATE {state}). Check rights and contract.",
        f"{place} : la base refuse la requête (SQLSTATE {state}). Vérifiez les droits et le contrat.",
    )
