"""What a connector must answer to each fault of a sandbox: faults.yaml as data. Refuses a fault without an entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError, HubError, IntegrityError, RetryableError

FILE = Path(__file__).with_name("faults.yaml")
ANSWERS = MappingProxyType({
    "survived": "surmonté", "set-aside": "mis de côté", "transient": "à réessayer", "terminal": "à corriger",
    "integrity": "chiffres qui diffèrent", "refused": "refusé par le partenaire",
})  # fmt: skip
_KEYS = {"fr", "en", "answers", "options"}


@dataclass(frozen=True, slots=True)
class Expected:
    """A fault, what it is, and the answers that are right. `options`: of the installation while it is tried."""

    name: str
    french: str
    english: str
    answers: tuple[str, ...]
    options: Mapping[str, str]


@cache
def known() -> Mapping[str, Expected]:
    """Every fault by name. Raises ConfigurationError when the table is malformed."""
    return MappingProxyType(
        {name: _expected(name, told) for name, told in strict_yaml.load_file(FILE).items()}
    )


def answer_of(error: HubError) -> str:
    """The word of faults.yaml for an error of the hub."""
    if isinstance(error, RetryableError):
        return "transient"
    if isinstance(error, IntegrityError):
        return "integrity"
    if error.code == "partner-refused":  # of both wires: the partner understood, and said no by name
        return "refused"
    return "terminal" if isinstance(error, ConfigurationError) else error.code


def _expected(name: str, told: Any) -> Expected:
    right = (
        isinstance(told, dict)
        and {"fr", "en", "answers"} <= told.keys() <= _KEYS
        and set(told["answers"]) <= ANSWERS.keys()
    )
    if not right:
        raise ConfigurationError(
            f"faults.yaml: {name} needs fr, en, and answers among {', '.join(ANSWERS)}. Correct the entry.",
            f"faults.yaml : {name} demande fr, en, et answers parmi {', '.join(ANSWERS)}. Corrigez l'entrée.",
        )
    return Expected(
        name, told["fr"], told["en"], tuple(told["answers"]), MappingProxyType(told.get("options", {}))
    )
