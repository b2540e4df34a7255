"""A joined stream, looked up: the same rows as a join, and the same documents among thousands as alone."""

from collections import Counter
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.engine import compiler
from mappings.engine.language import Join, Mapping
from mappings.engine.result import Mapped
from mappings.engine.sides import ready
from tests.mappings.conftest import DAY, JOINED, REMOVE, ROW, Workshop, changed, pupil

KEYS = st.one_of(st.none(), st.text("ab", max_size=2), st.text(" aé1", max_size=3))


@settings(max_examples=60, deadline=None)
@given(
    side=st.lists(st.tuples(KEYS, KEYS), max_size=30, unique=True),
    wanted=st.lists(st.tuples(KEYS, KEYS), min_size=1, max_size=80),
    width=st.integers(1, 2),
)
def test_a_lookup_finds_what_a_left_join_finds(
    side: list[tuple[str | None, str | None]], wanted: list[tuple[str | None, str | None]], width: int
) -> None:
    join = Join("others", (("one", "uno"), ("two", "duo"))[:width], None, 1)
    names = ["others?on0", "others?on1"][:width]
    bare = pl.DataFrame(side, schema=["others?on0", "others?on1"], orient="row").cast(pl.String)
    held = (
        bare.with_columns(pl.all().str.strip_chars())
        .drop_nulls(names)
        .unique(subset=names, maintain_order=True)
        .select(*names, pl.int_range(pl.len()).alias("place"))
    )
    main = pl.DataFrame(wanted * 80, schema=["one", "two"], orient="row").cast(pl.String)
    asked = main.select(
        pl.col(column).str.strip_chars().alias(name)
        for column, name in zip(main.columns[:width], names, strict=True)
    )
    expected = asked.join(held, on=names, how="left", maintain_order="left")["place"]

    assert ready(join, held).found(main, join)["place"].equals(expected)
    assert ready(join, held).found(main[:40], join)["place"].equals(expected[:40])


FAMILIES = changed(
    JOINED,
    streams__schools={"columns": ["id", "code", "name", "sex"], "unknown_columns": "freeze"},
    fields__family_name={"read": "schools.name", "do": ["trim"]},
    fields__sex={"read": "schools.sex", "code_map": "sex"},
    fields__code_permanent=REMOVE,
    never_read=["schools.code", "name", "sex"],
)


def _told(mapped: Mapped) -> Counter[tuple[Any, ...]]:
    return Counter([*mapped.documents.select("document").rows(), *mapped.rejects.drop("row").rows()])


def test_a_pupil_among_thousands_of_families_is_the_same_as_with_its_own_alone(workshop: Workshop) -> None:
    """Thousands of joined rows have few different cells, made once for each; a single row is made as it is."""
    mapping = workshop.mapping(FAMILIES)
    numbers = range(3_000)
    families = pl.DataFrame(
        {
            "id": [str(number) for number in numbers],
            "code": ["x" for _ in numbers],
            "name": [("Érable ", "Pin", None, "Saule\u0007", "Tilleul")[number % 5] for number in numbers],
            "sex": [("F", "M", "?", None)[number % 4] for number in numbers],
        }
    )
    pupils = pl.DataFrame(
        [pupil(id=str(1 + number), school=str(number * 7 % 3_100)) for number in range(1_200)],
        schema=dict.fromkeys([*ROW, "school"], pl.String),
    )
    among = _mapped(mapping, pupils, families)
    alone: Counter[tuple[Any, ...]] = Counter()
    for number in range(pupils.height):
        one = pupils[number]
        alone += _told(_mapped(mapping, one, families.filter(pl.col("id") == one["school"][0])))

    assert alone == _told(among)
    assert {"missing", "unmapped-code", "unknown-school", "control-character"} <= {*among.rejects["rule"]}
    assert among.documents.height > 200


def _mapped(mapping: Mapping, pupils: pl.DataFrame, families: pl.DataFrame) -> Mapped:
    frames = {"pupils": pupils, "schools": families}
    return compiler.run(mapping, frames, system="any@762000", organization="762000", day=DAY)
