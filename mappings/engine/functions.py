"""The closed table of functions that a mapping may name. What a function cannot read, it refuses by a rule.

Each builds a Polars expression from the expression before it. Null stays null; a text that becomes
empty becomes null. Dates, decimals and integers travel as their canonical text (``2025-09-30``,
``82.5``, ``4``), which is also how they are written in the document: nothing is parsed twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from mappings.engine import reverse_functions as back

Kind = Literal["text", "list", "date", "decimal", "number", "integer", "boolean"]

NUMBER = r"^[+-]?[0-9]{1,20}(?:[.,][0-9]{1,20})?$"
_WHOLE = r"^\+?(-?[0-9]{1,15})(?:[.,]0+)?$"
_ISO = r"^([1-9][0-9]{3}-[0-9]{2}-[0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?$"
_COMPACT = r"^[1-9][0-9]{7}$"
_YES = ("o", "oui", "y", "yes", "1", "true", "vrai")
_NO = ("n", "non", "no", "0", "false", "faux")
_COUNT = r"[1-9][0-9]?"
_MOMENT = r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?$"
_ONE_YEAR = r"^[1-9][0-9]{3}$"
_TWO_YEARS = r"^([1-9][0-9]{3})[-/]([1-9][0-9]{3})$"
_CLOCK = r"^(?:[01][0-9]|2[0-3])[0-5][0-9]$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """`takes` and `gives`: kinds of value. `arguments`: a pattern for each. `rule`: the reject of what it
    cannot read; None when it reads everything. `french`, `english`: what it does, for lineage.

    `inverse`: the way back, a text that the function reads as the value given (`reverse`); None when there is
    none. `exact`: it then says all that the cell said, in one spelling; otherwise something is lost, and the
    column that it reads must be declared lossy.
    """

    build: Callable[..., pl.Expr]
    takes: Kind = "text"
    gives: Kind = "text"
    arguments: tuple[str, ...] = ()
    rule: str | None = None
    inverse: back.Inverse | None = None
    exact: bool = False
    french: str
    english: str


def filled(text: pl.Expr) -> pl.Expr:
    """The text, or null when it is empty."""
    return pl.when(text.str.len_bytes() > 0).then(text)


def is_numeric(text: pl.Expr) -> pl.Expr:
    """Whether `decimal` can read it; the condition ``is: numeric``."""
    return text.str.strip_chars().str.contains(NUMBER)


def percent(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`part` of a hundred of `whole`, to two decimals, half up, as text; null unless `whole` is above zero.

    Whole numbers of ten-thousandths, never floats: 1 of 3 is 33.33, 2 of 3 is 66.67. Made once for each
    column, for an expression would make its parts again wherever they are used.
    """
    return pl.map_batches([part, whole], _percent, return_dtype=pl.String, is_elementwise=True)


def _percent(columns: Sequence[pl.Series]) -> pl.Series:
    over, under = (_ten_thousandths(column) for column in columns)
    hundredths = pl.DataFrame({"over": over, "under": under}).select(
        pl.when(pl.col("under") > 0)
        .then((pl.col("over") * 20_000 + pl.col("under")).floordiv(pl.col("under") * 2))
        .alias("?")
    )
    size = pl.col("?").abs()
    return hundredths.select(
        pl.concat_str(
            [
                pl.when(pl.col("?") < 0).then(pl.lit("-")).otherwise(pl.lit("")),
                size.floordiv(100).cast(pl.String),
                pl.lit("."),
                size.mod(100).cast(pl.String).str.zfill(2),
            ]
        ).alias("?")
    )["?"]


def _ten_thousandths(text: pl.Series) -> pl.Series:
    """Decimals of at most nine digits and four decimals, as whole numbers; null for what is not one."""
    bare = text.str.strip_chars()
    fitting = bare.str.contains(r"^[+-]?[0-9]{1,9}(?:[.,][0-9]{1,4}0*)?$")
    point = bare.to_frame("?").select(pl.when(fitting).then(pl.col("?").str.replace(",", ".", literal=True)))
    return (point["?"].cast(pl.Decimal(20, 4), strict=False) * 10_000).cast(pl.Int64)


def _before_underscore(text: pl.Expr) -> pl.Expr:
    return filled(text.str.extract(r"^([^_]*)", 1))


def _digits(text: pl.Expr, most: str) -> pl.Expr:
    bare = text.str.strip_chars()
    return pl.when(bare.str.contains(f"^[0-9]{{1,{most}}}$")).then(bare.str.zfill(int(most)))


def _pad_left(text: pl.Expr, length: str, fill: str) -> pl.Expr:
    return text.str.pad_start(int(length), fill)


def _remove(text: pl.Expr, characters: str) -> pl.Expr:
    return filled(text.str.replace_many(list(characters), [""] * len(characters)))


def _split(text: pl.Expr, separator: str) -> pl.Expr:
    parts = text.str.split(separator).list.eval(filled(pl.element().str.strip_chars())).list.drop_nulls()
    return pl.when(parts.list.len() > 0).then(parts)


def _date_iso(text: pl.Expr) -> pl.Expr:
    day = text.str.strip_chars().str.extract(_ISO, 1)
    return pl.when(day.str.to_date("%Y-%m-%d", strict=False).is_not_null()).then(day)


def _date_yyyymmdd(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars()
    compact = pl.when(bare.str.contains(_COMPACT)).then(bare)
    return compact.str.to_date("%Y%m%d", strict=False).dt.to_string("%Y-%m-%d")


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


def _pattern(form: str) -> str:
    return DATES[form][1]


def _date(text: pl.Expr, form: str) -> pl.Expr:
    shape, pattern = DATES[form]
    bare = text.str.strip_chars()
    fitting = pl.when(bare.str.contains(shape)).then(bare)
    return fitting.str.to_date(pattern, strict=False).dt.to_string("%Y-%m-%d")


def _written_date(day: pl.Expr, form: str) -> pl.Expr:
    return day.str.to_date("%Y-%m-%d", strict=False).dt.to_string(DATES[form][1])


def _decimal(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars()
    point = bare.str.replace(",", ".", literal=True).str.strip_prefix("+")
    return pl.when(bare.str.contains(NUMBER)).then(point)


def _number(text: pl.Expr) -> pl.Expr:
    """As JSON writes a floating number: 82 is 82.0, 082,50 is 82.5."""
    plain = _decimal(text).str.replace(r"^(-?)0+([0-9])", "${1}${2}")
    whole = pl.when(plain.str.contains(".", literal=True)).then(plain.str.strip_chars_end("0")).otherwise(plain + ".")
    return pl.when(whole.str.ends_with(".")).then(whole + "0").otherwise(whole)


def _at_least(text: pl.Expr, bound: str, reached: str, below: str) -> pl.Expr:
    number = _decimal(text).cast(pl.Float64)
    word = pl.when(number >= int(bound)).then(pl.lit(reached)).otherwise(pl.lit(below))
    return pl.when(number.is_not_null()).then(word).otherwise(text)


def _integer(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.extract(_WHOLE, 1).cast(pl.Int64).cast(pl.String)


def _yes_no(text: pl.Expr) -> pl.Expr:
    return (
        text.str.strip_chars()
        .str.to_lowercase()
        .replace_strict(
            [*_YES, *_NO], [True] * len(_YES) + [False] * len(_NO), default=None, return_dtype=pl.Boolean
        )
    )


def _address_lines(text: pl.Expr) -> pl.Expr:
    parts = text.str.split("|")
    words = parts.list.head(parts.list.len() - 1).list.eval(filled(pl.element().str.strip_chars()))
    street = filled(words.list.drop_nulls().list.join(" "))
    unit = filled(parts.list.last().str.strip_chars())
    lines = pl.concat_list(street, unit).list.drop_nulls()
    return pl.when(lines.list.len() > 0).then(lines)


def _time_hhmm(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars()
    clock = pl.when(bare.str.contains(r"^[0-9]{3,4}$")).then(bare.str.zfill(4))
    written = pl.concat_str([clock.str.head(2), pl.lit(":"), clock.str.tail(2), pl.lit(":00")])
    return pl.when(clock.str.contains(_CLOCK)).then(written)


def _no_yes(text: pl.Expr) -> pl.Expr:
    return ~_yes_no(text)


def _strip(text: pl.Expr, characters: str) -> pl.Expr:
    return filled(text.str.strip_chars(characters))


def _flags(text: pl.Expr, names: str) -> pl.Expr:
    """Cells put together with `|`, one for each name; the names of those that say yes, perhaps none."""
    wanted = names.split(",")
    cells = text.str.split("|")
    said = [_yes_no(filled(cells.list.get(place, null_on_oob=True))) for place in range(len(wanted))]
    known = [
        cells.list.get(place, null_on_oob=True).str.strip_chars().fill_null("").str.to_lowercase()
        for place in range(len(wanted))
    ]
    clear = pl.all_horizontal([cell.is_in(["", *_YES, *_NO]) for cell in known])
    named = pl.concat_list(
        [pl.when(yes).then(pl.lit(name)) for yes, name in zip(said, wanted, strict=True)]
    ).list.drop_nulls()
    return pl.when(clear & (cells.list.len() == len(wanted))).then(named)


def _next_day(day: pl.Expr) -> pl.Expr:
    return day.str.to_date("%Y-%m-%d", strict=False).dt.offset_by("1d").dt.to_string("%Y-%m-%d")


def _previous_day(day: pl.Expr) -> pl.Expr:
    return day.str.to_date("%Y-%m-%d", strict=False).dt.offset_by("-1d").dt.to_string("%Y-%m-%d")


def _starting_year(text: pl.Expr) -> pl.Expr:
    parts = text.str.strip_chars().str.extract_groups(_TWO_YEARS)
    first, second = (parts.struct.field(name).cast(pl.Int64) for name in "12")
    return pl.when(second == first + 1).then(first).cast(pl.String)


def _both_years(text: pl.Expr, between: str) -> pl.Expr:
    year = text.str.strip_chars()
    first = pl.when(year.str.contains(_ONE_YEAR)).then(year).cast(pl.Int64)
    return pl.concat_str([first.cast(pl.String), pl.lit(between), (first + 1).cast(pl.String)])


def _year_of(day: pl.Expr, month: str) -> pl.Expr:
    read = day.str.to_date("%Y-%m-%d", strict=False)
    return (read.dt.year() - (read.dt.month() < int(month)).cast(pl.Int32)).cast(pl.String)


def _moment(text: pl.Expr, zone: str) -> pl.Expr:
    parts = text.str.strip_chars().str.replace(" ", "T", literal=True)
    read = pl.when(parts.str.contains(_MOMENT)).then(parts.str.head(19))
    there = read.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us").dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    )
    return there.dt.to_string("%Y-%m-%dT%H:%M:%S%:z")


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "trim": Function(
            build=lambda text: filled(text.str.strip_chars()),
            inverse=back.same,
            exact=True,
            french="espaces du début et de la fin retirées",
            english="spaces before and after removed",
        ),
        "nfc": Function(
            build=lambda text: text.str.normalize("NFC"),
            inverse=back.same,
            exact=True,
            french="accents écrits en un seul caractère (Unicode NFC)",
            english="accents written as one character (Unicode NFC)",
        ),
        "upper": Function(
            build=lambda text: text.str.to_uppercase(),
            inverse=back.same,
            french="mis en majuscules",
            english="put in capitals",
        ),
        "lower": Function(
            build=lambda text: text.str.to_lowercase(),
            inverse=back.same,
            french="mis en minuscules",
            english="put in small letters",
        ),
        "before_underscore": Function(
            build=_before_underscore,
            inverse=back.same,
            french="partie avant le premier « _ »",
            english="the part before the first `_`",
        ),
        "remove": Function(
            build=_remove,
            arguments=(r"(?s).+",),
            inverse=back.same,
            french="caractères « {0} » retirés",
            english="characters `{0}` removed",
        ),
        "pad_left": Function(
            build=_pad_left,
            arguments=(_COUNT, r"(?s)."),
            inverse=back.same,
            french="complété à gauche par « {1} » jusqu'à {0} caractères",
            english="filled on the left with `{1}` to {0} characters",
        ),
        "digits": Function(
            build=_digits,
            arguments=(_COUNT,),
            rule="not-digits",
            inverse=back.same,
            exact=True,
            french="au plus {0} chiffres, complété à gauche par des zéros",
            english="at most {0} digits, filled on the left with zeros",
        ),
        "split": Function(
            build=_split,
            gives="list",
            arguments=(r"(?s).",),
            inverse=back.joined,
            exact=True,
            french="coupé en liste à chaque « {0} »",
            english="cut into a list at each `{0}`",
        ),
        "date_iso": Function(
            build=_date_iso,
            gives="date",
            rule="not-a-date",
            inverse=back.same,
            exact=True,
            french="lu comme date aaaa-mm-jj",
            english="read as a date, yyyy-mm-dd",
        ),
        "date_yyyymmdd": Function(
            build=_date_yyyymmdd,
            gives="date",
            rule="not-a-date",
            inverse=back.compact_day,
            exact=True,
            french="lu comme date aaaammjj",
            english="read as a date, yyyymmdd",
        ),
        "date": Function(
            build=_date,
            gives="date",
            arguments=("|".join(DATES),),
            rule="not-a-date",
            inverse=back.day_as(_pattern),
            exact=True,
            french="lu comme date {0}",
            english="read as a date, {0}",
        ),
        "write_date": Function(
            build=_written_date,
            takes="date",
            arguments=("|".join(DATES),),
            inverse=back.day_from(_pattern),
            exact=True,
            french="date écrite {0}",
            english="date written as {0}",
        ),
        "decimal": Function(
            build=_decimal,
            gives="decimal",
            rule="not-a-number",
            inverse=back.same,
            exact=True,
            french="lu comme nombre, virgule ou point",
            english="read as a number, comma or point",
        ),
        "number": Function(
            build=_number,
            gives="number",
            rule="not-a-number",
            inverse=back.number,
            exact=True,
            french="lu comme nombre, virgule ou point, et écrit sans guillemets (gabarits seulement)",
            english="read as a number, comma or point, and written without quotes (forms only)",
        ),
        "integer": Function(
            build=_integer,
            gives="integer",
            rule="not-a-number",
            inverse=back.same,
            exact=True,
            french="lu comme nombre entier",
            english="read as a whole number",
        ),
        "yes_no": Function(
            build=_yes_no,
            gives="boolean",
            rule="not-yes-or-no",
            inverse=back.yes_or_no,
            exact=True,
            french="lu comme oui ou non",
            english="read as yes or no",
        ),
        "starts_with_letter": Function(
            build=lambda text: text.str.contains(r"^\p{L}"),
            gives="boolean",
            french="vrai si le texte commence par une lettre",
            english="true when the text starts with a letter",
        ),
        "append": Function(
            build=lambda text, end: pl.concat_str([text, pl.lit(end)]),
            arguments=(r"(?s).+",),
            inverse=back.without_end,
            exact=True,
            french="suivi de « {0} »",
            english="followed by `{0}`",
        ),
        "prepend": Function(
            build=lambda text, start: pl.concat_str([pl.lit(start), text]),
            arguments=(r"(?s).+",),
            inverse=back.without_start,
            exact=True,
            french="précédé de « {0} »",
            english="preceded by `{0}`",
        ),
        "at_least": Function(
            build=_at_least,
            arguments=(r"[0-9]{1,9}", r"\S+", r"\S+"),
            inverse=back.same,
            french="{1} pour un nombre d'au moins {0}, {2} pour un autre nombre, sinon tel quel",
            english="{1} for a number of at least {0}, {2} for another number, else as it is",
        ),
        "becomes": Function(
            build=lambda text, word: pl.when(text.is_not_null()).then(pl.lit(word)),
            arguments=(r"(?s).+",),
            inverse=back.same,
            french="« {0} » dès que la case est remplie",
            english="`{0}` as soon as the cell is filled",
        ),
        "address_lines": Function(
            build=_address_lines,
            gives="list",
            french="parties séparées par « | » : la dernière (l'appartement) sur sa ligne, les autres sur une seule",
            english="parts separated by `|`: the last one (the unit) on its own line, the others on one",
        ),
        "time_hhmm": Function(
            build=_time_hhmm,
            rule="not-a-time",
            inverse=back.hours_minutes,
            exact=True,
            french="lu comme heure hmm ou hhmm",
            english="read as a time, hmm or hhmm",
        ),
        "no_yes": Function(
            build=_no_yes,
            gives="boolean",
            rule="not-yes-or-no",
            inverse=back.no_or_yes,
            exact=True,
            french="lu comme oui ou non, puis inversé",
            english="read as yes or no, then reversed",
        ),
        "strip": Function(
            build=_strip,
            arguments=(r"(?s).+",),
            inverse=back.same,
            french="caractères « {0} » retirés du début et de la fin",
            english="characters `{0}` removed from the start and the end",
        ),
        "flags": Function(
            build=_flags,
            gives="list",
            arguments=(r"[a-z_]+(?:,[a-z_]+)*",),
            rule="not-yes-or-no",
            inverse=back.said_flags,
            french="indicateurs séparés par « | » : les noms ({0}) de ceux qui disent oui",
            english="flags separated by `|`: the names ({0}) of those that say yes",
        ),
        "next_day": Function(
            build=_next_day,
            takes="date",
            gives="date",
            inverse=back.previous_day,
            exact=True,
            french="le lendemain, pour une fin qui est le dernier jour",
            english="the day after, for an end that is the last day",
        ),
        "previous_day": Function(
            build=_previous_day,
            takes="date",
            gives="date",
            inverse=back.next_day,
            exact=True,
            french="la veille, pour qui écrit le dernier jour comme fin",
            english="the day before, for who writes the last day as the end",
        ),
        "starting_year": Function(
            build=_starting_year,
            gives="integer",
            rule="not-a-number",
            inverse=back.both_years,
            french="première des deux années d'une année scolaire",
            english="the first of the two years of a school year",
        ),
        "both_years": Function(
            build=_both_years,
            arguments=(r"[-/]",),
            rule="not-a-number",
            inverse=back.first_year,
            exact=True,
            french="année scolaire écrite par ses deux années, avec « {0} » entre elles",
            english="school year written by its two years, with `{0}` between",
        ),
        "year_of": Function(
            build=_year_of,
            takes="date",
            arguments=(r"[1-9]|1[0-2]",),
            inverse=back.first_day,
            french="année où commence celle de ce jour, si elle commence le premier du mois {0}",
            english="the year in which that day's year starts, when it starts on the first of month {0}",
        ),
        "moment": Function(
            build=_moment,
            arguments=(r"[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_]+)+",),
            rule="not-a-date",
            inverse=back.local_moment,
            french="lu comme date et heure locales ({0}), à la seconde",
            english="read as a local day and time ({0}), to the second",
        ),
    }
)
