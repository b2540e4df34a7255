"""Days, moments, times and school years: what the functions of the table make of them (`functions`)."""

from types import MappingProxyType

import polars as pl

_ISO = r"^([1-9][0-9]{3}-[0-9]{2}-[0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?$"
_COMPACT = r"^[1-9][0-9]{7}$"
_MOMENT = r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?$"
_ONE_YEAR = r"^[1-9][0-9]{3}$"
_TWO_YEARS = r"^([1-9][0-9]{3})[-/]([1-9][0-9]{3})$"
_CLOCK = r"^(?:[01][0-9]|2[0-3])[0-5][0-9]$"

DATES = MappingProxyType(
    {
        "dd/mm/yyyy": ("^[0-9]{2}/[0-9]{2}/[1-9][0-9]{3}$", "%d/%m/%Y"),
        "mm/dd/yyyy": ("^[0-9]{2}/[0-9]{2}/[1-9][0-9]{3}$", "%m/%d/%Y"),
        "dd-mm-yyyy": ("^[0-9]{2}-[0-9]{2}-[1-9][0-9]{3}$", "%d-%m-%Y"),
        "yyyy/mm/dd": ("^[1-9][0-9]{3}/[0-9]{2}/[0-9]{2}$", "%Y/%m/%d"),
        "yyyy-mm-dd": ("^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d"),
        "yyyymmdd": (_COMPACT, "%Y%m%d"),
        "ddmmyyyy": ("^[0-9]{4}[1-9][0-9]{3}$", "%d%m%Y"),
    }
)


def pattern(form: str) -> str:
    return DATES[form][1]


def date_iso(text: pl.Expr) -> pl.Expr:
    day = text.str.strip_chars().str.extract(_ISO, 1)
    return pl.when(day.str.to_date("%Y-%m-%d", strict=False).is_not_null()).then(day)


def date_yyyymmdd(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars()
    compact = pl.when(bare.str.contains(_COMPACT)).then(bare)
    return compact.str.to_date("%Y%m%d", strict=False).dt.to_string("%Y-%m-%d")


def date_as(text: pl.Expr, form: str) -> pl.Expr:
    shape, pattern = DATES[form]
    bare = text.str.strip_chars()
    fitting = pl.when(bare.str.contains(shape)).then(bare)
    return fitting.str.to_date(pattern, strict=False).dt.to_string("%Y-%m-%d")


def written(day: pl.Expr, form: str) -> pl.Expr:
    return day.str.to_date("%Y-%m-%d", strict=False).dt.to_string(DATES[form][1])


def next_day(day: pl.Expr) -> pl.Expr:
    return day.str.to_date("%Y-%m-%d", strict=False).dt.offset_by("1d").dt.to_string("%Y-%m-%d")


def previous_day(day: pl.Expr) -> pl.Expr:
    return day.str.to_date("%Y-%m-%d", strict=False).dt.offset_by("-1d").dt.to_string("%Y-%m-%d")


def year_of(day: pl.Expr, month: str) -> pl.Expr:
    read = day.str.to_date("%Y-%m-%d", strict=False)
    return (read.dt.year() - (read.dt.month() < int(month)).cast(pl.Int32)).cast(pl.String)


def starting_year(text: pl.Expr) -> pl.Expr:
    parts = text.str.strip_chars().str.extract_groups(_TWO_YEARS)
    first, second = (parts.struct.field(name).cast(pl.Int64) for name in "12")
    return pl.when(second == first + 1).then(first).cast(pl.String)


def both_years(text: pl.Expr, between: str) -> pl.Expr:
    year = text.str.strip_chars()
    first = pl.when(year.str.contains(_ONE_YEAR)).then(year).cast(pl.Int64)
    return pl.concat_str([first.cast(pl.String), pl.lit(between), (first + 1).cast(pl.String)])


def time_hhmm(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars()
    clock = pl.when(bare.str.contains(r"^[0-9]{3,4}$")).then(bare.str.zfill(4))
    written = pl.concat_str([clock.str.head(2), pl.lit(":"), clock.str.tail(2), pl.lit(":00")])
    return pl.when(clock.str.contains(_CLOCK)).then(written)


def moment(text: pl.Expr, zone: str) -> pl.Expr:
    parts = text.str.strip_chars().str.replace(" ", "T", literal=True)
    read = pl.when(parts.str.contains(_MOMENT)).then(parts.str.head(19))
    there = read.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us").dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    )
    return there.dt.to_string("%Y-%m-%dT%H:%M:%S%:z")
