"""The words of reasons: each code has its words, each words entry its code, none names a person."""

import re
from pathlib import Path
from typing import get_args

from canonical_model.base import SENSITIVITY
from gateway.consent import reasons
from gateway.consent.agreements import BASES, CLASSES, parse
from gateway.consent.explain import _SECTIONS, section_words
from gateway.consent.reasons import PERMITTED, REFUSALS, Reason


def test_every_reason_has_words_and_every_words_entry_is_a_reason() -> None:
    assert set(get_args(Reason)) == set(reasons.all_words())


def test_every_reason_permits_or_refuses_and_not_both() -> None:
    assert len(PERMITTED) + len(REFUSALS) == len(get_args(Reason))
    assert set(get_args(Reason)) == {*PERMITTED, *REFUSALS}


def test_words_are_whole_sentences_in_both_languages() -> None:
    for code in get_args(Reason):
        for language in ("fr", "en"):
            sentence = reasons.words(code).of(language)
            assert sentence.endswith(".")
            assert sentence[0].isupper()


def test_every_section_has_a_name_for_people() -> None:
    assert set(SENSITIVITY) == set(_SECTIONS)
    assert "résultats de l'école" == section_words("results_local", "fr")


def test_the_readme_s_agreement_is_one_and_uses_every_basis_and_class() -> None:
    text = (Path(reasons.__file__).parent / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)

    assert "admission-916000@1" == parse(example, "README.md").id
    assert all(word in example for word in (*BASES, *CLASSES))
