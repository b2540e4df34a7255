"""What the engine gives back: documents and rejects with their counts, findings, lineage. Holds no rule."""

from dataclasses import dataclass

import polars as pl

from canonical_model.errors import IntegrityError

DOCUMENTS = pl.Schema({"key": pl.String, "row": pl.UInt32, "slot": pl.String, "document": pl.String})
REJECTS = pl.Schema(
    {
        "row": pl.UInt32,
        "row_key": pl.String,
        "slot": pl.String,
        "column": pl.String,
        "path": pl.String,
        "rule": pl.String,
    }
)
RECORD = "(record)"  # the path of a fault of the whole record, as canonical_model.base.problems writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The result of one mapping over one batch.

    `documents`: one row a resource: `key` of the source row, its one-based `row`, the `slot` when one
    row gives several resources, and the canonical JSON. `rejects`: one row a fault; a record with two
    faults has two rows and counts once in `rejected`. `column` is a column of the main stream, or
    ``stream.column`` of a joined one; several are separated by ``, ``.

    `rows` were given; `filtered` were left out by `where`; `empty` gave nothing, having no filled slot;
    the others gave `candidates`, each of which is a document or rejected. `undeclared`: the columns
    (``stream.column``) that no contract names, where it says that a stream may evolve.
    """

    mapping: str
    documents: pl.DataFrame
    rejects: pl.DataFrame
    rows: int
    filtered: int
    empty: int
    candidates: int
    rejected: int
    undeclared: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        held = self.documents.height + self.rejected
        used = self.rows - self.filtered - self.empty
        if self.candidates != held or used > self.candidates or used < 0:
            raise IntegrityError(
                f"{self.mapping}: {self.candidates} records were made, {held} are accounted for. "
                "Report this as a defect of the mapping engine.",
                f"{self.mapping} : {self.candidates} enregistrements produits, {held} comptés. "
                "Signalez ce défaut du moteur de correspondance.",
            )


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong in a mapping or a code map, before any run: where, which kind, and in words."""

    file: str
    line: int
    kind: str
    english: str
    french: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.english}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, to which findings belong."""

    file: str
    number: int

    def finding(self, kind: str, english: str, french: str) -> Finding:
        """What is wrong there."""
        return Finding(self.file, self.number, kind, english, french)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the value of one canonical path comes from.

    `stream`: the table, call or file that holds it. `columns`: its columns there, the true ones
    (``res_etape_02``); none for a constant; one of another stream is written ``stream.column``.
    `steps`: what was done, in plain words, in order. `code_map`: as ``gpi/sex``; `code_list`: the
    canonical list that it leads to.
    """

    stream: str
    columns: tuple[str, ...]
    steps: tuple[str, ...]
    code_map: str | None = None
    code_list: str | None = None
