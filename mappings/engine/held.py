"""A batch of records while it is judged and written."""

from collections.abc import Sequence

import polars as pl

from mappings.engine.parts import Part
from mappings.engine.pieces import Coded, Piece, Told, combined, plain


class Held:
    """The parts of a batch of records: as columns, or coded as a few values and which of them each record has.

    A coded part becomes a column only when something asks for it.
    """

    def __init__(self, records: pl.DataFrame, coded: Coded, parts: Sequence[Part]) -> None:
        self._coded = {part.column: coded[part.leaf] for part in parts if part.leaf and part.leaf in coded}
        self._leaves = coded
        sources = [part.source.alias(part.column) for part in parts if part.column not in self._coded]
        read = {name for source in sources for name in source.meta.root_names()}
        leaves = {leaf: held for leaf, held in coded.items() if leaf in read}
        self._frame = plain(records, leaves).with_columns(sources)

    def different(self, part: Part) -> pl.Series:
        """The values of a part, each at least once."""
        return self._coded[part.column][1] if part.column in self._coded else self._frame[part.column]

    def replace(self, part: Part, changed: dict[str, str]) -> None:
        """Write values of a part in another way."""
        if part.column in self._coded:
            place, values = self._coded[part.column]
            self._coded[part.column] = (place, values.replace(changed))
            if part.column in self._frame.columns:
                self._frame = self._frame.drop(part.column)
        else:
            self._frame = self._frame.with_columns(pl.col(part.column).replace(changed))

    def frame_with(self, *columns: str) -> pl.DataFrame:
        """The records with these parts as columns."""
        lacking = [name for name in columns if name in self._coded and name not in self._frame.columns]
        if lacking:
            self._frame = plain(self._frame, {name: self._coded[name] for name in lacking})
        return self._frame

    def all(self) -> pl.DataFrame:
        """The records with every part and every leaf as a column."""
        lacking = {leaf: held for leaf, held in self._leaves.items() if leaf not in self._frame.columns}
        self._frame = plain(self._frame, lacking)
        return self.frame_with(*self._coded)

    def whole(self, leaf: str) -> bool:
        """Whether a leaf column has a value in every record."""
        if leaf not in self._leaves:
            return self._frame[leaf].null_count() == 0
        place, values = self._leaves[leaf]
        return not self._frame[place].is_in(values.is_null().arg_true().implode()).any()

    def written(self, pieces: Sequence[Piece], told: Told) -> pl.Series:
        """The pieces put together. Coded parts side by side, with the text between them, are one coded text."""
        found: list[pl.Expr] = []
        names: list[str] = []
        run: list[str | tuple[str, pl.Series]] = []
        extra: list[pl.Series] = []
        for piece in (*pieces, None):
            name = piece.meta.output_name() if isinstance(piece, pl.Expr) and piece.meta.is_column() else ""
            if isinstance(piece, str):
                run.append(piece)
            elif name in self._coded:
                run.append(self._coded[name])
            else:
                for whole in told.of(run):
                    if isinstance(whole, str):
                        found.append(pl.lit(whole))
                        continue
                    places, texts = whole
                    extra.append(texts[combined(self._frame, places)].alias(f"?w{len(extra)}"))
                    found.append(pl.col(extra[-1].name))
                run = []
                if isinstance(piece, pl.Expr):
                    found.append(piece)
                    names += piece.meta.root_names()
        frame = self.frame_with(*names)
        if not {*names} <= {*frame.columns}:
            frame = self.all()
        return frame.with_columns(extra).select(pl.concat_str(found).alias("?"))["?"]
