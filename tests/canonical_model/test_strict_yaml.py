"""YAML that means what it shows: text and nothing else; what hides is refused, with its line, in both languages."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError
from canonical_model.strict_yaml import StrictYamlError

DATA = st.recursive(
    st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter("<<".__ne__), inner),
    max_leaves=8,
)


def test_on_is_a_province_and_a_school_code_keeps_its_zero() -> None:
    text = "ON: Ontario\nNO: Norway\ncode: 0123\nversion: 1.10\nday: 2026-09-01\nnone: ~\nempty:\n"

    assert {
        "ON": "Ontario", "NO": "Norway", "code": "0123", "version": "1.10",
        "day": "2026-09-01", "none": "~", "empty": "",
    } == strict_yaml.load(text)  # fmt: skip


def test_lists_and_quotes_are_kept() -> None:
    assert {"a": [{"b": "1"}, "no", "é: ü"]} == strict_yaml.load("a:\n  - b: 1\n  - no\n  - 'é: ü'\n")


@pytest.mark.parametrize(
    ("text", "english", "french"),
    [
        (
            "M: male\nF: female\nF: other\n",
            "sex.yaml:3: 'F' is written twice. Remove one.",
            "sex.yaml:3 : « F » est écrit deux fois. Retirez-en un.",
        ),
        (
            "a:\n  b: 1\n  b: 2\n",
            "sex.yaml:3: 'b' is written twice. Remove one.",
            "sex.yaml:3 : « b » est écrit deux fois. Retirez-en un.",
        ),
        (
            "a: !!int 5\n",
            "sex.yaml:1: the tag 'tag:yaml.org,2002:int' is refused. Remove it.",
            "sex.yaml:1 : l'étiquette « tag:yaml.org,2002:int » est refusée. Retirez-la.",
        ),
        (
            "a: &x 1\nb: *x\n",
            "sex.yaml:1: an anchor or an alias is refused. Write it out.",
            "sex.yaml:1 : une ancre ou un alias est refusé. Écrivez-le en toutes lettres.",
        ),
        (
            "<<: {a: 1}\n",
            "sex.yaml:1: a key that is not a word. Write it out.",
            "sex.yaml:1 : une clé qui n'est pas un mot. Écrivez-la en toutes lettres.",
        ),
    ],
)
def test_what_hides_is_refused_with_its_line_in_both_languages(text: str, english: str, french: str) -> None:
    with pytest.raises(StrictYamlError) as raised:
        strict_yaml.load(text, "sex.yaml")

    assert (english, french) == (raised.value.english, raised.value.french)


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system [id]\n", "!!set {a, b}\n", "b: *x\n", "? [a, b]\n: 1\n", "a: [1\n",
        "a: 1\n---\nb: 2\n", "a: \x00\n", "a: \x07\n", "\t- a\n", "[" * 5000, "a: b: c\n",
    ],
)  # fmt: skip
def test_what_is_not_one_plain_document_is_refused(text: str) -> None:
    with pytest.raises(StrictYamlError, match=r"^sex\.yaml(:\d+)?: .+\. .+\.$") as raised:
        strict_yaml.load(text, "sex.yaml")
    assert raised.value.french.startswith("sex.yaml")


@given(DATA)
def test_what_another_program_writes_as_text_is_read_as_that_text(data: Any) -> None:
    written = yaml.dump(data, allow_unicode=True, default_style='"', Dumper=_NoAliases)

    assert data == strict_yaml.load(written)


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


@given(st.text() | st.text("ab:- []{}&*!?|>\n'\"#,%@"))
def test_any_text_is_plain_data_or_refused(text: str) -> None:
    try:
        held = strict_yaml.load(text, "x.yaml")
    except StrictYamlError:
        return
    assert plain(held)


def plain(held: Any) -> bool:
    if isinstance(held, dict):
        return all(isinstance(key, str) and plain(value) for key, value in held.items())
    if isinstance(held, list):
        return all(map(plain, held))
    return held is None or isinstance(held, str)  # None: a text without any document


def test_other_users_of_yaml_keep_their_loader() -> None:
    assert {"a": 1, True: "x"} == yaml.safe_load("a: 1\nON: x\n")


def test_a_file_that_is_absent_or_of_another_encoding_is_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("école: oui\n".encode("latin-1"))
    for path, english, french in (
        (tmp_path / "none.yaml", "the file is absent", "le fichier est absent"),
        (latin, "not UTF-8", "n'est pas en UTF-8"),
    ):
        with pytest.raises(ConfigurationError, match=english) as raised:
            strict_yaml.load_file(path)
        assert str(path) in raised.value.english
        assert french in raised.value.french
