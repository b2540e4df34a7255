"""Texts, lists of texts, yes and no: what the functions of the table make of them (`functions`)."""

import polars as pl

_YES = ("o", "oui", "y", "yes", "1", "true", "vrai")
_NO = ("n", "non", "no", "0", "false", "faux")


def filled(text: pl.Expr) -> pl.Expr:
    """The text, or null when it is empty."""
    return pl.when(text.str.len_bytes() > 0).then(text)


def before_underscore(text: pl.Expr) -> pl.Expr:
    return filled(text.str.extract(r"^([^_]*)", 1))


def pad_left(text: pl.Expr, length: str, fill: str) -> pl.Expr:
    return text.str.pad_start(int(length), fill)


def remove(text: pl.Expr, characters: str) -> pl.Expr:
    return filled(text.str.replace_many(list(characters), [""] * len(characters)))


def strip(text: pl.Expr, characters: str) -> pl.Expr:
    return filled(text.str.strip_chars(characters))


def split(text: pl.Expr, separator: str) -> pl.Expr:
    parts = text.str.split(separator).list.eval(filled(pl.element().str.strip_chars())).list.drop_nulls()
    return pl.when(parts.list.len() > 0).then(parts)


def digits(text: pl.Expr, most: str) -> pl.Expr:
    bare = text.str.strip_chars()
    return pl.when(bare.str.contains(f"^[0-9]{{1,{most}}}$")).then(bare.str.zfill(int(most)))


def address_lines(text: pl.Expr) -> pl.Expr:
    parts = text.str.split("|")
    words = parts.list.head(parts.list.len() - 1).list.eval(filled(pl.element().str.strip_chars()))
    street = filled(words.list.drop_nulls().list.join(" "))
    unit = filled(parts.list.last().str.strip_chars())
    lines = pl.concat_list(street, unit).list.drop_nulls()
    return pl.when(lines.list.len() > 0).then(lines)


def yes_no(text: pl.Expr) -> pl.Expr:
    return (
        text.str.strip_chars()
        .str.to_lowercase()
        .replace_strict(
            [*_YES, *_NO], [True] * len(_YES) + [False] * len(_NO), default=None, return_dtype=pl.Boolean
        )
    )


def no_yes(text: pl.Expr) -> pl.Expr:
    return ~yes_no(text)


def flags(text: pl.Expr, names: str) -> pl.Expr:
    """Cells put together with `|`, one for each name; the names of those that say yes, perhaps none."""
    wanted = names.split(",")
    cells = text.str.split("|")
    said = [yes_no(filled(cells.list.get(place, null_on_oob=True))) for place in range(len(wanted))]
    known = [
        cells.list.get(place, null_on_oob=True).str.strip_chars().fill_null("").str.to_lowercase()
        for place in range(len(wanted))
    ]
    clear = pl.all_horizontal([cell.is_in(["", *_YES, *_NO]) for cell in known])
    named = pl.concat_list(
        [pl.when(yes).then(pl.lit(name)) for yes, name in zip(said, wanted, strict=True)]
    ).list.drop_nulls()
    return pl.when(clear & (cells.list.len() == len(wanted))).then(named)
