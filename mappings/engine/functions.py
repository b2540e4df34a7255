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

Kind = Literal["text", "list", "date", "decimal", "integer", "boolean"]

_NUMBER = r"^[+-]?[0-9]{1,20}(?:[.,][0-9]{1,20})?$"
_WHOLE = r"^\+?(-?[0-9]{1,15})(?:[.,]0+)?$"
_ISO = r"^([1-9][0-9]{3}-[0-9]{2}-[0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?$"
_COMPACT = r"^[1-9][0-9]{7}$"
_YES = ("o", "oui", "y", "yes", "1", "true", "vrai")
_NO = ("n", "non", "no", "0", "false", "faux")
_COUNT = r"[1-9][0-9]?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """`takes` and `gives`: kinds of value. `arguments`: a pattern for each. `rule`: the reject of what it
    cannot read; None when it reads everything. `french`, `english`: what it does, for lineage.
    """

    build: Callable[..., pl.Expr]
    takes: Kind = "text"
    gives: Kind = "text"
    arguments: tuple[str, ...] = ()
    rule: str | None = None
    french: str
    english: str


def filled(text: pl.Expr) -> pl.Expr:
    """The text, or null when it is empty."""
    return pl.when(text.str.len_bytes() > 0).then(text)


def is_numeric(text: pl.Expr) -> pl.Expr:
    """Whether `decimal` can read it; the condition ``is: numeric``."""
    return text.str.strip_chars().str.contains(_NUMBER)


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


def _decimal(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars()
    point = bare.str.replace(",", ".", literal=True).str.strip_prefix("+")
    return pl.when(bare.str.contains(_NUMBER)).then(point)


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


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "trim": Function(
            build=lambda text: filled(text.str.strip_chars()),
            french="espaces du début et de la fin retirées",
            english="spaces before and after removed",
        ),
        "nfc": Function(
            build=lambda text: text.str.normalize("NFC"),
            french="accents écrits en un seul caractère (Unicode NFC)",
            english="accents written as one character (Unicode NFC)",
        ),
        "upper": Function(
            build=lambda text: text.str.to_uppercase(), french="mis en majuscules", english="put in capitals"
        ),
        "lower": Function(
            build=lambda text: text.str.to_lowercase(),
            french="mis en minuscules",
            english="put in small letters",
        ),
        "before_underscore": Function(
            build=_before_underscore,
            french="partie avant le premier « _ »",
            english="the part before the first `_`",
        ),
        "remove": Function(
            build=_remove,
            arguments=(r"(?s).+",),
            french="caractères « {0} » retirés",
            english="characters `{0}` removed",
        ),
        "pad_left": Function(
            build=_pad_left,
            arguments=(_COUNT, r"(?s)."),
            french="complété à gauche par « {1} » jusqu'à {0} caractères",
            english="filled on the left with `{1}` to {0} characters",
        ),
        "digits": Function(
            build=_digits,
            arguments=(_COUNT,),
            rule="not-digits",
            french="au plus {0} chiffres, complété à gauche par des zéros",
            english="at most {0} digits, filled on the left with zeros",
        ),
        "split": Function(
            build=_split,
            gives="list",
            arguments=(r"(?s).",),
            french="coupé en liste à chaque « {0} »",
            english="cut into a list at each `{0}`",
        ),
        "date_iso": Function(
            build=_date_iso,
            gives="date",
            rule="not-a-date",
            french="lu comme date aaaa-mm-jj",
            english="read as a date, yyyy-mm-dd",
        ),
        "date_yyyymmdd": Function(
            build=_date_yyyymmdd,
            gives="date",
            rule="not-a-date",
            french="lu comme date aaaammjj",
            english="read as a date, yyyymmdd",
        ),
        "decimal": Function(
            build=_decimal,
            gives="decimal",
            rule="not-a-number",
            french="lu comme nombre, virgule ou point",
            english="read as a number, comma or point",
        ),
        "integer": Function(
            build=_integer,
            gives="integer",
            rule="not-a-number",
            french="lu comme nombre entier",
            english="read as a whole number",
        ),
        "yes_no": Function(
            build=_yes_no,
            gives="boolean",
            rule="not-yes-or-no",
            french="lu comme oui ou non",
            english="read as yes or no",
        ),
        "starts_with_letter": Function(
            build=lambda text: text.str.contains(r"^\p{L}"),
            gives="boolean",
            french="vrai si le texte commence par une lettre",
            english="true when the text starts with a letter",
        ),
    }
)
