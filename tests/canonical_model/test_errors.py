"""Errors: grouped by what the caller does next, in two languages, and whole on the other side of a process."""

import pickle
import re

import pytest

from canonical_model import errors
from canonical_model.errors import HubError, RefusedError
from canonical_model.strict_yaml import StrictYamlError


def kinds(kind: type[HubError] = HubError) -> list[type[HubError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in kinds(below))]


MODEL = [kind for kind in kinds() if kind.__module__.startswith("canonical_model.")]


def make(kind: type[HubError]) -> HubError:
    words = ("gpi@762000: no answer. Try again.", "gpi@762000 : pas de réponse. Réessayez.")
    return RefusedError(*words, reason="consent-refused") if kind is RefusedError else kind(*words)


@pytest.mark.parametrize("kind", MODEL)
def test_an_error_survives_a_process_border(kind: type[HubError]) -> None:
    error = make(kind)
    back = pickle.loads(pickle.dumps(error))

    assert (kind, str(error), error.__dict__, error.code, error.exit_code) == (
        type(back), str(back), back.__dict__, back.code, back.exit_code,
    )  # fmt: skip


@pytest.mark.parametrize("kind", MODEL)
def test_an_error_speaks_both_languages_and_english_in_logs(kind: type[HubError]) -> None:
    error = make(kind)

    assert error.english == str(error) == error.words("en")
    assert error.french == error.words("fr")


def test_every_kind_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in MODEL]

    assert len(codes) == len(set(codes))
    assert StrictYamlError in MODEL


def test_the_tree_at_the_top_of_the_file_is_the_code() -> None:
    drawn = re.findall(r"^ +(\w+Error) .*exit (\d)$", errors.__doc__ or "", re.MULTILINE)

    assert {(kind.__name__, str(kind.exit_code)) for kind in HubError.__subclasses__()} == set(drawn)
