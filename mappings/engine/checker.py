"""Judges a mapping before any run: every fault it can have, with file and line. Changes and runs nothing."""

from functools import lru_cache

from canonical_model.errors import ConfigurationError
from mappings.engine import check_columns, check_fields, check_reverse
from mappings.engine.language import Mapping
from mappings.engine.result import Finding


@lru_cache(maxsize=128)
def check(mapping: Mapping) -> tuple[Finding, ...]:
    """Every fault, in the order of the files; none when the mapping can run."""
    found = (*check_columns.findings(mapping), *check_fields.findings(mapping))
    found = found or tuple(check_reverse.findings(mapping))
    return tuple(sorted(set(found), key=lambda item: (item.file, item.line, item.kind, item.english)))


def require(mapping: Mapping) -> None:
    """Raises ConfigurationError with the first fault, and how many more there are."""
    found = check(mapping)
    if not found:
        return
    first, more = found[0], len(found) - 1
    english = f" ({more} more: run `passerelle mapping check {mapping.id}`.)" if more else ""
    french = f" ({more} de plus : lancez `passerelle mapping check {mapping.id}`.)" if more else ""
    raise ConfigurationError(
        f"{first.file}:{first.line}: {first.english}{english}",
        f"{first.file}:{first.line} : {first.french}{french}",
    )
