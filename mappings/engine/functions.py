"""The closed table of functions that a mapping may name. What a function cannot read, it refuses by a rule.

Each builds a Polars expression from the expression before it. Null stays null; a text that becomes
empty becomes null. Dates, decimals and integers travel as their canonical text (``2025-09-30``,
``82.5``, ``4``), which is also how they are written in the document: nothing is parsed twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from mappings.engine import function_dates as dates
from mappings.engine import function_numbers as numbers
from mappings.engine import function_texts as texts
from mappings.engine import reverse_functions as back

Kind = Literal["text", "list", "date", "decimal", "number", "integer", "boolean"]
_COUNT = r"[1-9][0-9]?"


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


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "trim": Function(
            build=lambda text: texts.filled(text.str.strip_chars()),
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
            build=texts.before_underscore,
            inverse=back.same,
            french="partie avant le premier « _ »",
            english="the part before the first `_`",
        ),
        "remove": Function(
            build=texts.remove,
            arguments=(r"(?s).+",),
            inverse=back.same,
            french="caractères « {0} » retirés",
            english="characters `{0}` removed",
        ),
        "pad_left": Function(
            build=texts.pad_left,
            arguments=(_COUNT, r"(?s)."),
            inverse=back.same,
            french="complété à gauche par « {1} » jusqu'à {0} caractères",
            english="filled on the left with `{1}` to {0} characters",
        ),
        "digits": Function(
            build=texts.digits,
            arguments=(_COUNT,),
            rule="not-digits",
            inverse=back.same,
            exact=True,
            french="au plus {0} chiffres, complété à gauche par des zéros",
            english="at most {0} digits, filled on the left with zeros",
        ),
        "split": Function(
            build=texts.split,
            gives="list",
            arguments=(r"(?s).",),
            inverse=back.joined,
            exact=True,
            french="coupé en liste à chaque « {0} »",
            english="cut into a list at each `{0}`",
        ),
        "date_iso": Function(
            build=dates.date_iso,
            gives="date",
            rule="not-a-date",
            inverse=back.same,
            exact=True,
            french="lu comme date aaaa-mm-jj",
            english="read as a date, yyyy-mm-dd",
        ),
        "date_yyyymmdd": Function(
            build=dates.date_yyyymmdd,
            gives="date",
            rule="not-a-date",
            inverse=back.compact_day,
            exact=True,
            french="lu comme date aaaammjj",
            english="read as a date, yyyymmdd",
        ),
        "date": Function(
            build=dates.date_as,
            gives="date",
            arguments=("|".join(dates.DATES),),
            rule="not-a-date",
            inverse=back.day_as(dates.pattern),
            exact=True,
            french="lu comme date {0}",
            english="read as a date, {0}",
        ),
        "write_date": Function(
            build=dates.written,
            takes="date",
            arguments=("|".join(dates.DATES),),
            inverse=back.day_from(dates.pattern),
            exact=True,
            french="date écrite {0}",
            english="date written as {0}",
        ),
        "decimal": Function(
            build=numbers.decimal,
            gives="decimal",
            rule="not-a-number",
            inverse=back.same,
            exact=True,
            french="lu comme nombre, virgule ou point",
            english="read as a number, comma or point",
        ),
        "number": Function(
            build=numbers.number,
            gives="number",
            rule="not-a-number",
            inverse=back.number,
            exact=True,
            french="lu comme nombre, virgule ou point, et écrit sans guillemets (gabarits seulement)",
            english="read as a number, comma or point, and written without quotes (forms only)",
        ),
        "integer": Function(
            build=numbers.integer,
            gives="integer",
            rule="not-a-number",
            inverse=back.same,
            exact=True,
            french="lu comme nombre entier",
            english="read as a whole number",
        ),
        "yes_no": Function(
            build=texts.yes_no,
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
            build=numbers.at_least,
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
            build=texts.address_lines,
            gives="list",
            french="parties séparées par « | » : la dernière (l'appartement) sur sa ligne, les autres sur une seule",
            english="parts separated by `|`: the last one (the unit) on its own line, the others on one",
        ),
        "time_hhmm": Function(
            build=dates.time_hhmm,
            rule="not-a-time",
            inverse=back.hours_minutes,
            exact=True,
            french="lu comme heure hmm ou hhmm",
            english="read as a time, hmm or hhmm",
        ),
        "no_yes": Function(
            build=texts.no_yes,
            gives="boolean",
            rule="not-yes-or-no",
            inverse=back.no_or_yes,
            exact=True,
            french="lu comme oui ou non, puis inversé",
            english="read as yes or no, then reversed",
        ),
        "strip": Function(
            build=texts.strip,
            arguments=(r"(?s).+",),
            inverse=back.same,
            french="caractères « {0} » retirés du début et de la fin",
            english="characters `{0}` removed from the start and the end",
        ),
        "flags": Function(
            build=texts.flags,
            gives="list",
            arguments=(r"[a-z_]+(?:,[a-z_]+)*",),
            rule="not-yes-or-no",
            inverse=back.said_flags,
            french="indicateurs séparés par « | » : les noms ({0}) de ceux qui disent oui",
            english="flags separated by `|`: the names ({0}) of those that say yes",
        ),
        "next_day": Function(
            build=dates.next_day,
            takes="date",
            gives="date",
            inverse=back.previous_day,
            exact=True,
            french="le lendemain, pour une fin qui est le dernier jour",
            english="the day after, for an end that is the last day",
        ),
        "previous_day": Function(
            build=dates.previous_day,
            takes="date",
            gives="date",
            inverse=back.next_day,
            exact=True,
            french="la veille, pour qui écrit le dernier jour comme fin",
            english="the day before, for who writes the last day as the end",
        ),
        "starting_year": Function(
            build=dates.starting_year,
            gives="integer",
            rule="not-a-number",
            inverse=back.both_years,
            french="première des deux années d'une année scolaire",
            english="the first of the two years of a school year",
        ),
        "both_years": Function(
            build=dates.both_years,
            arguments=(r"[-/]",),
            rule="not-a-number",
            inverse=back.first_year,
            exact=True,
            french="année scolaire écrite par ses deux années, avec « {0} » entre elles",
            english="school year written by its two years, with `{0}` between",
        ),
        "year_of": Function(
            build=dates.year_of,
            takes="date",
            arguments=(r"[1-9]|1[0-2]",),
            inverse=back.first_day,
            french="année où commence celle de ce jour, si elle commence le premier du mois {0}",
            english="the year in which that day's year starts, when it starts on the first of month {0}",
        ),
        "moment": Function(
            build=dates.moment,
            arguments=(r"[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_]+)+",),
            rule="not-a-date",
            inverse=back.local_moment,
            french="lu comme date et heure locales ({0}), à la seconde",
            english="read as a local day and time ({0}), to the second",
        ),
    }
)
