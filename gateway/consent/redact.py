"""Keep what the decision names and nothing else. Not even the number of what was left out.

A record is rebuilt from the model's fields: what the store adds (keys, versions, counts, hub ids)
has no way out. A record filed under another section than its own is dropped.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from canonical_model import resources
from canonical_model.released import Decision

# Who it is about is said once, by the identity section's own fields: a mark must not carry a file number.
NEVER_RELEASED = frozenset({"subject"})
# Restricted single fields of sections that may be released (design.md, *Sections*).
RESTRICTED_FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"ChildcareContract": frozenset({"social_insurance_number"})}
)


def redact(
    decision: Decision,
    held: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    organizations: Collection[str],
) -> dict[str, tuple[dict[str, Any], ...]]:
    """The decided sections of `held` (section → documents), of records that `organizations` made.

    A decided section without any record is absent: an empty list would say that it was looked for.
    """
    kept: dict[str, tuple[dict[str, Any], ...]] = {}
    for section in sorted(decision.fields & held.keys()):
        records = tuple(
            _fields(record)
            for record in held[section]
            if record.get("organization") in organizations and _belongs(record, section)
        )
        if records:
            kept[section] = records
    return kept


def _belongs(record: Mapping[str, Any], section: str) -> bool:
    name = record.get("resource_type")
    return name in resources.NAMES and section == resources.resource(name).SECTION


def _fields(record: Mapping[str, Any]) -> dict[str, Any]:
    name = record["resource_type"]
    dropped = NEVER_RELEASED | RESTRICTED_FIELDS.get(name, frozenset())
    known = resources.resource(name).model_fields
    return {field: record[field] for field in known if field in record and field not in dropped}
