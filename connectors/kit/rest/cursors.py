"""Compares cursor values as what they are: moments, numbers, else text; never a moment with a number."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation


def greatest(values: Iterable[str | None], held: str | None = None) -> str | None:
    """The greatest of the values and of the one held, as it was written; None when there is none."""
    found = {value for value in values if value}
    if held:
        found.add(held)
    if not found:
        return None
    if len({len(value) for value in found}) == 1 and all(value[-1] == "Z" for value in found):
        return max(found)  # one form, one zone: the order of text is the order of time
    return max(found, key=_rank)


def _rank(value: str) -> tuple[int, Decimal | datetime | str, str]:
    try:
        return 0, Decimal(value), value
    except InvalidOperation:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return 2, value, value
    return 1, moment if moment.tzinfo else moment.replace(tzinfo=UTC), value
