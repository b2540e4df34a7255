"""The columnar judge says what pydantic says of whole documents: same documents, same faults, always."""

import re
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.engine.expressions import document, leaf_column, tree
from mappings.engine.judging import Judge
from mappings.engine.language import Mapping
from mappings.engine.targets import model_of
from mappings.engine.validation import Fault, validated
from tests.mappings import drawn

ROWS = 120  # more than the judge takes one by one
WRONG = (
    "1", "-1", "31", "2025", "82.5", "true", '""', '"x"', '"  "', '"é"', '"762000"', '"ABCD01510199"',
    '"2025-02-30"', '"2025-09-30"', '"1989-01-01"', '"82.50"', '"-3"', "[]", "{}", '["a","a"]', '"a\\nb"',
    '{"system":"sex","version":"2024-07-01","code":"M"}', '{"system":"sex","version":"1999-01-01","code":"M"}',
    '{"system":"result_code","version":"2024-07-01","code":"ABS"}',
)  # fmt: skip


def records(mapping: Mapping, draw: Random) -> pl.DataFrame:
    """Leaf columns of many records, lists of child rows too. A cell is mostly what a sound document holds at
    the path; else nothing, or something of another kind; a constant is sound, as the checker has seen to.
    """
    pool = drawn.a_pool(draw)
    wrong_share = draw.choice((0.0, 0.02, 0.3))
    columns = {}
    for number, field in enumerate(mapping.leaves):
        sound = drawn.sound_values(mapping, field, pool)
        columns[leaf_column(number)] = [
            draw.choice((*WRONG, None, None))
            if field.constant is None and draw.random() < wrong_share
            else draw.choice(sound)
            for _ in range(ROWS)
        ]
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def coded(held: pl.DataFrame, draw: Random) -> tuple[pl.DataFrame, dict[str, tuple[str, pl.Series]]]:
    """The records with some leaf columns as a few values and which of them each has; some that none has."""
    few = {}
    for leaf in draw.sample(held.columns, draw.randint(1, len(held.columns))):
        values = [*held[leaf].unique().to_list(), draw.choice(WRONG), None]
        draw.shuffle(values)
        place = f"?place{len(few)}"
        first = [values.index(text) for text in held[leaf]]
        held = held.drop(leaf).with_columns(pl.Series(place, first, dtype=pl.UInt32))
        few[leaf] = (place, pl.Series(values, dtype=pl.String))
    return held, few


def placed(path: str) -> str:
    """The path without positions: the judge counts those of the mapping, pydantic those that are filled."""
    return re.sub(r"\.[0-9]+(?=\.|$)", ".#", path)


def as_whole_documents(mapping: Mapping, held: pl.DataFrame) -> tuple[list[str | None], list[Fault]]:
    """The oracle: pydantic, one document at a time."""
    return validated(model_of(mapping), held.select(document(tree(mapping.leaves)).alias("?"))["?"])


@pytest.mark.parametrize("mapping", drawn.mappings(), ids=lambda mapping: mapping.id)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_the_judge_says_is_what_pydantic_says(mapping: Mapping, seed: int) -> None:
    draw = Random(seed)
    held = records(mapping, draw)
    expected, refused = as_whole_documents(mapping, held)
    judge = Judge(model_of(mapping), mapping.leaves)

    written, faults = judge.judged(held)
    written_from_codes, faults_from_codes = judge.judged(*coded(held, draw))

    assert list(written) == expected == list(written_from_codes)
    assert {(f.index, placed(f.path), f.rule) for f in faults} == {
        (f.index, placed(f.path), f.rule) for f in refused
    }
    assert faults == faults_from_codes
