"""What the checker says of conditions against what the engine does: a cell that meets them is never denied."""

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.engine import conditions, expressions, loader
from mappings.engine.language import Condition, Mapping, Reference, Test

TEXTS = (
    "", " ", "F", " F", "F ", "?", "??", "0", "1", "2", "1.5", "1.", "+", "+-1", "2025-07-01", "2025-07-01 ",
    "é", "1\n", "2025-07-01T08:00", "2025-06-30", "2025-07-02", "0001-01-01", "9999-12-31", "2025-13-99", "20250701",
)  # fmt: skip
NAMED = st.sampled_from(TEXTS[2:])
DAYS = st.sampled_from(("0001-01-01", "2025-06-30", "2025-07-01", "2025-07-02", "9999-12-31"))
TESTS = st.one_of(
    st.builds(Test, st.just("equals"), st.tuples(NAMED), st.booleans()),
    st.builds(Test, st.just("in"), st.lists(NAMED, min_size=1, max_size=4).map(tuple), st.booleans()),
    st.builds(Test, st.sampled_from(("blank", "numeric")), negated=st.booleans()),
    st.builds(Test, st.sampled_from(("before", "after")), st.tuples(DAYS), st.booleans()),
)
ANY = loader.load("gpi/student@1")
CELL = Reference("column", "cell", "main")


def _mapping(*where: Condition) -> Mapping:
    return replace(ANY, stream="main", where=where, fields=(), lists=())


@settings(max_examples=400, deadline=None)
@given(
    st.lists(TESTS, min_size=1, max_size=3), st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=4)))
)
def test_conditions_that_some_cell_meets_are_never_denied(tests: list[Test], more: list[str]) -> None:
    where = tuple(Condition(((CELL, test),), number) for number, test in enumerate(tests, 1))
    mapping = _mapping(*where)
    text = pl.col("cell")
    cells = pl.DataFrame({"cell": [None, *TEXTS, *more]}, schema={"cell": pl.String}).select(
        pl.when(text.str.strip_chars() != "").then(text)  # as `streams` admits them
    )
    met = cells.select(expressions.holds(mapping, where).alias("met"))["met"].any()

    assert not (met and list(conditions.findings(mapping)))


@settings(max_examples=200, deadline=None)
@given(TESTS)
def test_a_single_condition_that_no_cell_meets_is_found(test: Test) -> None:
    mapping = _mapping(Condition(((CELL, test),), 1))
    tried = [None, *(text for text in TEXTS if text.strip())]
    cells = pl.DataFrame({"cell": tried}, schema={"cell": pl.String})
    met = cells.select(expressions.holds(mapping, mapping.where).alias("met"))["met"].any()

    assert met == (not list(conditions.findings(mapping)))
