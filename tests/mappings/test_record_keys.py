"""The hub knows a record by its system, its key and its slot: no two mappings may give two records one name."""

import json
from collections import Counter
from dataclasses import replace
from itertools import combinations

from canonical_model.resources import NAMES
from connectors.kit import load
from mappings.engine import compiler, loader
from mappings.engine.language import Condition, Mapping, Test
from tests.mappings.test_samples import DAY, _sample

ADDRESSES = ("jade/father_address@1", "jade/mother_address@1", "jade/tutor_address@1")


def overwrites(one: Mapping, other: Mapping) -> bool:
    """Whether a row of their common stream can become two records of the same resource, key and slot.

    Two versions of one mapping are never installed together, nor are two that different connectors run: a record is
    of the system that gave it. A condition that no cell fulfils for both keeps two mappings apart.
    """
    return (
        one.system == other.system
        and not _of_two_connectors(one, other)
        and one.id.partition("@")[0] != other.id.partition("@")[0]
        and one.resource in NAMES
        and (one.resource, one.stream, one.key) == (other.resource, other.stream, other.key)
        and bool(_slots(one) & _slots(other))
        and not any(_apart(first, second) for first in one.where for second in other.where)
    )


def _of_two_connectors(one: Mapping, other: Mapping) -> bool:
    """Whether connectors run both, and none of them both."""
    by_one, by_other = (
        {manifest.name for manifest in load.manifests() if mapping.id in manifest.mappings}
        for mapping in (one, other)
    )
    return bool(by_one and by_other) and not by_one & by_other


def _slots(mapping: Mapping) -> set[str | None]:
    return {slot.name for slot in mapping.unpivot.slots} if mapping.unpivot else {None}


def _apart(one: Condition, other: Condition) -> bool:
    """Whether each says, of one and the same cell, what the other excludes."""
    if len(one.alternatives) != 1 or len(other.alternatives) != 1:
        return False
    ((cell, first),), ((same, second),) = one.alternatives, other.alternatives
    return cell == same and (_excludes(first, second) or _excludes(second, first))


def _excludes(one: Test, other: Test) -> bool:
    if one.negated or {one.kind, other.kind} - {"in", "equals"}:
        return False
    mine, theirs = set(one.values), set(other.values)
    return mine <= theirs if other.negated else not mine & theirs


def test_no_two_mappings_of_one_stream_give_two_records_one_name() -> None:
    pairs = combinations(loader.load_all(), 2)

    assert [] == [(one.id, other.id) for one, other in pairs if overwrites(one, other)]


def test_a_pair_without_slots_of_its_own_is_found_and_one_kept_apart_is_not() -> None:
    father, mother, _ = map(loader.load, ADDRESSES)
    adult, vocational = (
        loader.load(f"jade_tosca/{name}_frequentation@1") for name in ("adult", "vocational")
    )

    assert overwrites(replace(father, unpivot=None), replace(mother, unpivot=None))
    assert not overwrites(adult, vocational)
    assert overwrites(adult, replace(vocational, where=()))


def test_the_addresses_of_father_mother_and_tutor_are_so_many_records_of_the_hub() -> None:
    names: Counter[tuple[str, str]] = Counter()
    relations: dict[str, set[str]] = {}
    for mapping in map(loader.load, ADDRESSES):
        folder = loader.ROOT / mapping.system / "samples"
        mapped = compiler.run(
            mapping,
            {stream.name: _sample(folder, stream) for stream in mapping.streams},
            system="jade@762000",
            organization="762000",
            day=DAY,
        )
        names.update(mapped.documents.select("key", "slot").iter_rows())
        for key, text in mapped.documents.select("key", "document").iter_rows():
            relations.setdefault(key, set()).add(json.loads(text)["relation"]["code"])

    assert {1} == set(names.values())
    assert {"father", "mother"} == relations["0001001|1|20200701"]
