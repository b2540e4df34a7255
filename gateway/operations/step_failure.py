"""Why a step of the day failed, in words that may be shown: written into a task's log, read back from it.

An error of the hub brings its own words. Any other is named by its kind and its place only, because
its text may hold a person's value. Light: a DAG's task imports it.
"""

import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from canonical_model.errors import (
    ConfigurationError,
    HubError,
    IntegrityError,
    RecordError,
    RetryableError,
)

EVENT = "passerelle-step-failed"  # the line of a task's log that holds a failure

_KINDS: dict[int, type[HubError]] = {
    kind.exit_code: kind for kind in (RecordError, ConfigurationError, RetryableError, IntegrityError)
}


@dataclass(frozen=True, slots=True)
class StepFailure:
    """`exit_code` is the command line's; `final`: trying again would not mend it."""

    code: str
    exit_code: int
    final: bool
    english: str
    french: str

    @classmethod
    def of(cls, error: Exception) -> Self:
        """What may be told of an error."""
        if isinstance(error, HubError):
            final = not isinstance(error, RetryableError)
            return cls(error.code, error.exit_code, final, error.english, error.french)
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__}, {'/'.join(Path(place.filename).parts[-3:])}:{place.lineno}"
        return cls(
            "unforeseen",
            HubError.exit_code,
            final=False,
            english=f"{where}: unforeseen error. Report this line to the maintainers.",
            french=f"{where} : erreur imprévue. Transmettez cette ligne aux responsables du logiciel.",
        )

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> Self | None:
        """The failure that a line of a task's log holds; None when it holds none."""
        if line.get("event") != EVENT:
            return None
        return cls(**{name: line[name] for name in cls.__dataclass_fields__})

    def line(self) -> dict[str, Any]:
        """The facts of the log line that `read` understands."""
        return asdict(self)

    def error(self) -> HubError:
        """The error again, for the door that shows it and chooses the exit code."""
        if self.code == "unforeseen":
            return HubError(self.english, self.french)
        return _KINDS[self.exit_code](self.english, self.french)
