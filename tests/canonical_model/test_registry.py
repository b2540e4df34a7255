"""The registry of organisations: each board, cégep and university once, with the traps of their codes."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical_model import registry
from canonical_model.codings import in_force
from canonical_model.errors import ConfigurationError
from canonical_model.identifiers import CHECKS

DAY = date(2026, 2, 16)
LISTED = tuple(registry.in_force(DAY).entries.values())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A registry of the test's own."""
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    registry.versions.cache_clear()
    yield tmp_path
    registry.versions.cache_clear()


def write(folder: Path, day: str, entries: str, said: str = "organizations") -> None:
    text = f"registry: {said}\nversion: {day}\nsource: test\norganizations:\n{entries}"
    (folder / f"organizations.{day}.yaml").write_text(text, "utf-8")


def test_there_are_72_boards_60_french_9_english_and_3_special() -> None:
    boards = registry.boards(DAY)
    count = {network: sum(item.network == network for item in boards) for network in registry.NETWORKS}

    assert 72 == len({item.code for item in boards})
    assert {"french": 60, "english": 9, "special": 3} == count
    assert {"689000", "759000", "769000"} == {item.code for item in boards if item.network == "special"}
    assert all(item.code.endswith("000") for item in boards)


def test_there_are_48_cegeps_46_of_them_and_two_regional_colleges() -> None:
    colleges = registry.colleges(DAY)

    assert 48 == len({item.code for item in colleges})
    assert {"936000", "940000"} == {item.code for item in colleges if item.type == "regional_college"}


@pytest.mark.parametrize(
    "code",
    ["904001", "907001", "907002", "907003", "919001", "931001", "931002", "932001", "932002", "932003", "932004"],
)  # fmt: skip
def test_a_whole_cegep_may_have_a_code_that_does_not_end_in_000(code: str) -> None:
    held = registry.organization(code, DAY)

    assert held in registry.colleges(DAY)
    assert held
    assert held.parent is None


def test_the_constituents_belong_where_the_list_says_and_not_where_their_code_says() -> None:
    champlain, lanaudiere = registry.members("936000", DAY), registry.members("940000", DAY)

    assert ("936001", "936002", "936003") == tuple(item.code for item in champlain)
    assert ("910000", "940001", "940002") == tuple(item.code for item in lanaudiere)
    assert not {*champlain, *lanaudiere} & set(registry.colleges(DAY))
    assert () == registry.members("901000", DAY)  # 901001 has its digits; nobody says that it is its part


def test_a_grouping_is_flagged_and_no_university_is_counted_twice() -> None:
    groupings = {item.code for item in LISTED if item.grouping}
    universities = registry.universities(DAY)

    assert {"976999", "978000"} == groupings
    assert {"976000", "976001", "976002"} == {item.code for item in registry.members("976999", DAY)}
    assert not groupings & {item.code for item in universities}
    assert "978012" not in {item.code for item in universities}
    assert "979655" not in {item.code for item in registry.members("979000", DAY)}


def test_the_ministry_is_a_placeholder_of_ours_and_says_so() -> None:
    ministry = registry.organization("000001", DAY)

    assert ministry
    assert ("ministry", True) == (ministry.type, ministry.source.startswith("Passerelle: a placeholder"))
    assert [ministry] == [item for item in LISTED if item.source.startswith("Passerelle")]


def test_every_body_is_whole() -> None:
    types = in_force("organization_type", DAY).codes
    for item in LISTED:
        assert not CHECKS["organisme"](item.code).faults
        assert item.french
        assert item.type in types
        assert item.source
        assert (item.network is not None) == (item.type == "board")
        assert item.parent is None or registry.organization(item.parent, DAY)


def test_leading_zeros_count() -> None:
    assert registry.organization("000001", DAY)
    assert registry.organization("1", DAY) is None


@given(code=st.text() | st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_a_code_is_listed_as_itself_or_not_at_all(code: str) -> None:
    held = registry.organization(code, DAY)

    assert held is None or held.code == code


def test_the_list_in_force_follows_the_day(folder: Path) -> None:
    write(folder, "2024-07-01", '  "762000": {fr: Un, type: board, network: french}\n')
    write(folder, "2025-07-01", '  "762000": {fr: Deux, type: board, network: french}\n')
    names = {
        day: (registry.organization("762000", day) or LISTED[0]).french
        for day in (date(2020, 1, 1), date(2025, 6, 30), date(2025, 7, 1))
    }

    assert ["Un", "Un", "Deux"] == list(names.values())


@pytest.mark.parametrize(
    ("entries", "english"),
    [
        ('  "7620": {fr: Un, type: board}\n', "a code has six digits"),
        ('  "762000": {fr: Un}\n', "an entry has fr and type"),
        ('  "762000": {fr: Un, type: board, colour: red}\n', "an entry has fr and type"),
        ('  "762000": un\n', "an entry has fr and type"),
        ('  "762000": {fr: Un, type: planet}\n', "its type is not in organization_type"),
        ('  "762000": {fr: Un, type: board, network: dutch}\n', "its network is none of french"),
        ('  "762001": {fr: Un, type: school, parent: "762000"}\n', "its parent is not listed"),
    ],
)
def test_an_entry_that_is_not_whole_is_named_with_what_to_do(
    folder: Path, entries: str, english: str
) -> None:
    write(folder, "2024-07-01", entries)

    with pytest.raises(ConfigurationError, match=english) as raised:
        registry.boards(DAY)
    assert raised.value.english.endswith("Correct the entry.")
    assert raised.value.french.endswith("Corrigez l'entrée.")


def test_a_file_that_says_another_name_is_refused(folder: Path) -> None:
    write(folder, "2024-07-01", '  "762000": {fr: Un, type: board}\n', said="planets")

    with pytest.raises(ConfigurationError, match="must repeat the file's name"):
        registry.boards(DAY)


def test_a_registry_without_a_file_says_what_is_missing(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="no registry of organisations") as raised:
        registry.boards(DAY)
    assert "aucun registre" in raised.value.french
