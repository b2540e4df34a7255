"""Numbers as text, and percentages: what the functions of the table make of them (`functions`)."""

from collections.abc import Sequence

import polars as pl

NUMBER = r"^[+-]?[0-9]{1,20}(?:[.,][0-9]{1,20})?$"
_WHOLE = r"^\+?(-?[0-9]{1,15})(?:[.,]0+)?$"
_COUNTED = r"^[+-]?[0-9]{1,9}(?:[.,][0-9]{1,4}0*)?$"


def is_numeric(text: pl.Expr) -> pl.Expr:
    """Whether `decimal` can read it; the condition ``is: numeric``."""
    return text.str.strip_chars().str.contains(NUMBER)


def decimal(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars()
    point = bare.str.replace(",", ".", literal=True).str.strip_prefix("+")
    return pl.when(bare.str.contains(NUMBER)).then(point)


def number(text: pl.Expr) -> pl.Expr:
    """As JSON writes a floating number: 82 is 82.0, 082,50 is 82.5."""
    plain = decimal(text).str.replace(r"^(-?)0+([0-9])", "${1}${2}")
    whole = (
        pl.when(plain.str.contains(".", literal=True))
        .then(plain.str.strip_chars_end("0"))
        .otherwise(plain + ".")
    )
    return pl.when(whole.str.ends_with(".")).then(whole + "0").otherwise(whole)


def integer(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.extract(_WHOLE, 1).cast(pl.Int64).cast(pl.String)


def at_least(text: pl.Expr, bound: str, reached: str, below: str) -> pl.Expr:
    read = decimal(text).cast(pl.Float64)
    word = pl.when(read >= int(bound)).then(pl.lit(reached)).otherwise(pl.lit(below))
    return pl.when(read.is_not_null()).then(word).otherwise(text)


def is_counted(text: pl.Expr) -> pl.Expr:
    """Whether `percent` can read it: at most nine digits and four decimals."""
    return text.str.strip_chars().str.contains(_COUNTED)


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
    """What `is_counted`, as whole numbers; null for what is not."""
    read = pl.when(is_counted(pl.col("?"))).then(
        pl.col("?").str.strip_chars().str.replace(",", ".", literal=True)
    )
    point = text.to_frame("?").select(read)["?"]
    return (point.cast(pl.Decimal(20, 4), strict=False) * 10_000).cast(pl.Int64)
