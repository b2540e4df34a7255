"""The way back of each function of the closed table: from what it gave to a text that it reads as the same.

A text that no way back can read raises Unreadable; the value itself is never in the message.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

Given: TypeAlias = "str | bool | list[str]"
Inverse: TypeAlias = Callable[..., Given]

YES, NO = "O", "N"  # in which a yes or a no is written back


class Unreadable(ValueError):  # noqa: N818 - told to the caller, who sets a document aside
    """The function cannot have given this."""


def same(value: Given, *_arguments: str) -> Given:
    """What the function gave, it reads as itself."""
    return value


def number(value: Given) -> Given:
    """A JSON number as digits, without an exponent."""
    text = format(Decimal(_text(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def joined(value: Given, separator: str) -> Given:
    """The parts of a list as one text."""
    return separator.join(_list(value))


def compact_day(value: Given) -> Given:
    """``2025-09-30`` as ``20250930``."""
    return _day(value).strftime("%Y%m%d")


def day_as(patterns: Callable[[str], str]) -> Inverse:
    """A day in the form that the argument names; `patterns` says how that form is written."""
    return lambda value, form: _written(_day(value), patterns(form))


def day_from(patterns: Callable[[str], str]) -> Inverse:
    """The day, as ISO text, that is written in the form that the argument names."""

    def read(value: Given, form: str) -> Given:
        try:
            return _as_day(_text(value), patterns(form))
        except ValueError:
            raise Unreadable from None

    return read


def previous_day(value: Given) -> Given:
    """The day before."""
    try:
        return (_day(value) - timedelta(days=1)).isoformat()
    except OverflowError:
        raise Unreadable from None


def next_day(value: Given) -> Given:
    """The day after."""
    try:
        return (_day(value) + timedelta(days=1)).isoformat()
    except OverflowError:
        raise Unreadable from None


def both_years(value: Given) -> Given:
    """``2025`` as ``2025-2026``."""
    year = int(_text(value))
    return f"{year}-{year + 1}"


def first_year(value: Given, _between: str) -> Given:
    """``2025-2026`` as ``2025``."""
    return _text(value)[:4]


def first_day(value: Given, month: str) -> Given:
    """The first day of the year ``2025`` that starts in that month."""
    return f"{int(_text(value)):04d}-{int(month):02d}-01"


def local_moment(value: Given, _zone: str) -> Given:
    """A moment's own day and time, to the second, without the offset."""
    try:
        return datetime.fromisoformat(_text(value)).replace(tzinfo=None).isoformat(timespec="seconds")
    except ValueError:
        raise Unreadable from None


def hours_minutes(value: Given) -> Given:
    """``08:15:00`` as ``0815``."""
    return _text(value).removesuffix(":00").replace(":", "")


def yes_or_no(value: Given) -> Given:
    """``O`` or ``N``."""
    return YES if value is True else NO


def no_or_yes(value: Given) -> Given:
    """``N`` for what holds, ``O`` for what does not."""
    return NO if value is True else YES


def without_end(value: Given, end: str) -> Given:
    """The text before `end`, with which it must end."""
    text = _text(value)
    if not text.endswith(end):
        raise Unreadable
    return text[: -len(end)]


def without_start(value: Given, start: str) -> Given:
    """The text after `start`, with which it must begin."""
    text = _text(value)
    if not text.startswith(start):
        raise Unreadable
    return text.removeprefix(start)


def said_flags(value: Given, names: str) -> Given:
    """One ``O`` or ``N`` for each name, ``|`` between."""
    said = _list(value)
    return "|".join(YES if name in said else NO for name in names.split(","))


def _text(value: Given) -> str:
    if not isinstance(value, str):
        raise Unreadable
    return value


def _list(value: Given) -> list[str]:
    if not isinstance(value, list):
        raise Unreadable
    return value


def _day(value: Given) -> date:
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise Unreadable from None


def _written(day: date, pattern: str) -> str:
    return day.strftime(pattern.replace("%Y", f"{day.year:04d}"))  # strftime does not fill years everywhere


def _as_day(text: str, pattern: str) -> str:
    return datetime.strptime(text, pattern).date().isoformat()  # noqa: DTZ007 - a day has no zone
