"""A document in pieces: plain text, columns of JSON, and columns of which a few values are known and numbered."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

import polars as pl

from mappings.engine.expressions import Node

Coded = Mapping[str, tuple[str, pl.Series]]
"""Columns with few different values: the column of the frame that says which, and the values."""
NOTHING_CODED: Coded = MappingProxyType({})
Piece = str | pl.Expr
Run = Sequence[str | tuple[str, pl.Series]]
"""Pieces side by side: texts, and (column that says which, values)."""
Whole = tuple[tuple[tuple[str, int], ...], pl.Series]
"""(columns that say which, with how many values each has), and the texts of all their combinations."""

_TOGETHER = 20_000  # combinations of coded parts that are written beforehand
_RUNS = 64  # of coded parts that are remembered


def places_of(coded: Coded) -> list[str]:
    """The columns of the frame that say which, each once."""
    return list(dict.fromkeys(place for place, _ in coded.values()))


def plain(frame: pl.DataFrame, coded: Coded) -> pl.DataFrame:
    """The frame with its coded columns written out."""
    if not coded:
        return frame
    return frame.with_columns(values[frame[place]].alias(name) for name, (place, values) in coded.items())


def merged(pieces: Sequence[Piece]) -> list[pl.Expr]:
    """Pieces as expressions, texts that stand side by side as one."""
    found: list[pl.Expr] = []
    for is_text, group in groupby(pieces, lambda piece: isinstance(piece, str)):
        if is_text:
            found.append(pl.lit("".join(str(piece) for piece in group)))
        else:
            found += [piece for piece in group if isinstance(piece, pl.Expr)]
    return found


def text_of(pieces: Sequence[Piece]) -> pl.Expr:
    """Pieces put together; null where one of them is."""
    found = merged(pieces)
    return found[0] if len(found) == 1 else pl.concat_str(found)


def leaf_columns(node: Node) -> tuple[str, ...]:
    """The leaf columns of a place that were read; constants do not show that it is there."""
    if isinstance(node, tuple):
        return (node[1].meta.output_name(),) if node[0].constant is None else ()
    return tuple(name for child in node.values() for name in leaf_columns(child))


def combined(frame: pl.DataFrame, places: Sequence[tuple[str, int]]) -> pl.Series:
    """Which combination each record has: columns that number values, each with how many values there are."""
    (name, _), *others = places
    number = frame[name]
    for other, size in others:
        number = number * size + frame[other]
    return number


class Told:
    """The texts of coded parts that stand side by side, put together once for as long as their values stay."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[Run, list[str | Whole]]] = {}

    def of(self, run: Run) -> list[str | Whole]:
        """The run as few texts: plain, or (columns that say which, texts) of at most `_TOGETHER` combinations."""
        key = tuple(item if isinstance(item, str) else (item[0], id(item[1])) for item in run)
        held = self._known.get(key)
        if held is None:
            if len(self._known) > _RUNS:
                self._known = {}
            held = self._known[key] = (
                run,
                list(_shortened(run)),
            )  # the run is kept: its values keep their id
        return held[1]


def _shortened(run: Run) -> Iterator[str | Whole]:
    before = ""
    places: list[tuple[str, int]] = []
    texts = pl.Series([""], dtype=pl.String)
    for item in run:
        if isinstance(item, str):
            before, texts = ("", texts + item) if places else (before + item, texts)
            continue
        place, values = item
        if places and texts.len() * values.len() > _TOGETHER:
            yield tuple(places), texts
            places, texts = [], pl.Series([""], dtype=pl.String)
        left = pl.DataFrame({"left": texts})
        both = left.join(pl.DataFrame({"right": before + values}), how="cross", maintain_order="left_right")
        texts, before = both.select(pl.concat_str("left", "right").alias("?"))["?"], ""
        places.append((place, values.len()))
    if places:
        yield tuple(places), texts
    elif before:
        yield before
