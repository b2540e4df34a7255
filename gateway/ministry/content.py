"""What a declaration says and how a lot is counted: pure functions of records, tables and keys.

A record without a value, or with a code that the ministry's table lacks, is not declared, and says why.
"""

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from canonical_model.errors import IntegrityError
from gateway.keys import Keys, seal, unseal
from gateway.ministry.years import SchoolYear

NO_ANSWERS: Mapping[str, Any] = MappingProxyType({"accepted": 0, "corrected": 0, "rejected": {}})

_KEY = "declaration"


def declared_fields(
    year: SchoolYear, records: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, str], str | None]:
    """(tag → text, None), or the fields so far and why the record cannot be declared."""
    fields: dict[str, str] = {}
    for field in year.fields:
        name = field.path.replace("_", "-").replace(".", "-")
        try:
            value = field.value(records)
        except KeyError:
            return fields, f"no-ministry-code-for-{name}"
        if value is None:
            return fields, f"no-{name}"
        fields[field.tag] = value
    return fields, None


def check(exchange: str, counts: Mapping[str, Any], *, answered: bool) -> None:
    """Raises IntegrityError unless each enrolment, and when `answered` each declaration, is counted once."""
    apart = sum(counts["not_declarable"].values()) + sum(counts["withheld"].values())
    whole = counts["enrolled"] == counts["declared"] + counts["unchanged"] + apart
    if whole and answered:
        answers = counts["accepted"] + counts["corrected"] + sum(counts["rejected"].values())
        whole = counts["declared"] == answers
    if not whole:
        raise IntegrityError(
            f"{exchange}: the counts do not balance ({dict(counts)}). Nothing was written; report this.",
            f"{exchange} : les comptes ne s'équilibrent pas ({dict(counts)}). Rien n'est écrit; signalez-le.",
        )


def sealed(keys: Keys, number: str, content: Mapping[str, Any]) -> bytes:
    """What a declaration says, sealed: it stays as it was prepared, and is nobody's to read in the table."""
    return seal(keys.derived(_KEY), orjson.dumps(content), f"declaration:{number}")


def opened(keys: Keys, number: str, content: bytes) -> dict[str, Any]:
    """What `sealed` sealed. Raises ConfigurationError when it is not this hub's, or of another number."""
    found: dict[str, Any] = orjson.loads(unseal(keys.derived(_KEY), content, f"declaration:{number}"))
    return found


def sealed_correction(keys: Keys, number: str, value: str) -> bytes:
    """A value that the ministry kept instead, sealed."""
    return seal(keys.derived(_KEY), value.encode(), f"correction:{number}")


def opened_correction(keys: Keys, number: str, content: bytes) -> str:
    """What `sealed_correction` sealed. Raises as `opened` does."""
    return unseal(keys.derived(_KEY), content, f"correction:{number}").decode()


def digest_of(digests: Iterable[bytes]) -> str:
    """One digest over the keyed digests of a lot's declarations, in their order."""
    return hashlib.sha256(b"".join(digests)).hexdigest()
