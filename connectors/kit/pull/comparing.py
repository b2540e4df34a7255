"""What changed between two pulls of a whole stream, by digests of key and content; no value is kept.

For a source without a log of deletions. Keys are compared, not rows: a key with several rows is changed when
any of them is. Refused: nothing; frames that were not made by `of_rows` with the same key do not compare.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import polars as pl

PASS_ROWS = 250_000  # digests compared at a time; about 0.1 GB
DIGEST_BYTES = 16
EMPTY = pl.DataFrame(schema={"key": pl.Binary, "content": pl.Binary})


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of `rows` rows; `parts` gives frames of `key` and `content`, and may be asked several times."""

    rows: int
    parts: Callable[[], Iterator[pl.DataFrame]]


@dataclass(frozen=True, slots=True)
class Changes:
    """How many keys came, went, hold another content, or only took the place of another key.

    A key that went and one that came with the same content, if each is the only one with it, are one `rekeyed`
    and neither `added` nor `removed`. keys before = removed + rekeyed + changed + unchanged;
    keys now = added + rekeyed + changed + unchanged.
    """

    added: int
    removed: int
    changed: int
    rekeyed: int
    unchanged: int


def of_rows(frame: pl.DataFrame, key: Sequence[str], secret: bytes) -> pl.DataFrame:
    """One row a row: `key`, digest of the key columns, and `content`, digest of the others.

    A null is as if the column were absent. `secret` keys the digests: without it they tell nothing.
    """
    others = sorted(set(frame.columns) - set(key))
    said = {"key": _said(list(key)), "content": _said(others)}
    texts = frame.select(text.cast(pl.Binary).alias(name) for name, text in said.items())
    keyed = blake2b(key=secret, digest_size=DIGEST_BYTES)

    def digests(said: pl.Series) -> Iterator[bytes]:
        for text in said.to_list():
            one = keyed.copy()  # cheaper than to key each anew
            one.update(text)
            yield one.digest()

    return pl.DataFrame(
        {name: pl.Series(list(digests(texts[name])), dtype=pl.Binary) for name in texts.columns}
    )


def changes(previous: Digests, now: Digests) -> Changes:
    """What became of the keys. Exact, in flat memory: PASS_ROWS digests at a time, by ranges of the digest."""
    removed = added = changed = unchanged = 0
    went: list[pl.Series] = []
    came: list[pl.Series] = []
    for before, after in zip(
        *(ranges(side, max(previous.rows, now.rows)) for side in (previous, now)), strict=True
    ):
        old, new = (side.select("key", "content").unique() for side in (before, after))
        gone = old.join(new, on=["key", "content"], how="anti")
        fresh = new.join(old, on=["key", "content"], how="anti")
        lost = gone.join(new, on="key", how="anti")
        found = fresh.join(old, on="key", how="anti")
        touched = pl.concat([gone.select("key"), fresh.select("key")]).unique().height
        keys_lost, keys_found = lost["key"].n_unique(), found["key"].n_unique()
        removed, added = removed + keys_lost, added + keys_found
        changed += touched - keys_lost - keys_found
        unchanged += old["key"].n_unique() - (touched - keys_found)
        went.append(_alone(lost))
        came.append(_alone(found))
    rekeyed = _only_once(went).join(_only_once(came), on="content", how="inner").height
    return Changes(added - rekeyed, removed - rekeyed, changed, rekeyed, unchanged)


def ranges(side: Digests, rows: int) -> Iterator[pl.DataFrame]:
    """The digests of one side in as many ranges of the key's digest as `rows` need."""
    passes = max(1, -(-rows // PASS_ROWS))
    bounds = [65536 * number // passes for number in range(passes + 1)]
    for low, high in pairwise(bounds):
        at_least = pl.col("key") >= low.to_bytes(2, "big")
        below = pl.lit(True) if high == 65536 else pl.col("key") < high.to_bytes(2, "big")
        frames = (
            list(side.parts()) if passes == 1 else [part.filter(at_least & below) for part in side.parts()]
        )
        yield pl.concat(frames) if frames else EMPTY


def _alone(pairs: pl.DataFrame) -> pl.Series:
    """The contents of keys that have one row."""
    return pairs.filter(pl.len().over("key") == 1)["content"]


def _only_once(contents: list[pl.Series]) -> pl.DataFrame:
    whole = pl.concat(contents) if contents else EMPTY["content"]
    return pl.DataFrame({"content": whole}).group_by("content").len().filter(pl.col("len") == 1)


def _said(columns: list[str]) -> pl.Expr:
    """The columns' values as one text that no other values give: name, length, value."""
    parts = [
        pl.format("{}={}:{};", pl.lit(name), pl.col(name).cast(pl.String).str.len_bytes(), pl.col(name))
        for name in columns
    ]
    return pl.concat_str(parts, ignore_nulls=True) if parts else pl.lit("")
