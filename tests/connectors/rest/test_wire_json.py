"""JSON is read as it was written: every digit of every number, text and null as they are."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical_model.errors import ConfigurationError
from connectors.kit.errors import TransientError
from connectors.kit.rest.cursors import greatest
from connectors.kit.rest.wire_json import parsed, plain, pointer, text

NUMBER = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
WORD = st.text(st.characters(codec="utf-8"))


@given(NUMBER)
def test_a_number_keeps_its_digits(written: str) -> None:
    for body in (f"[{written}]", f"[ {written} , 1]"):
        assert written == text(parsed("p", body.encode())[0])


@given(st.lists(NUMBER, min_size=1, max_size=4))
def test_numbers_inside_an_object_keep_their_digits(written: list[str]) -> None:
    found = parsed("p", f'[{{"a":[{",".join(written)}]}}]'.encode())

    assert f'{{"a":[{",".join(written)}]}}' == text(found[0])


def test_an_integer_of_any_length_keeps_its_digits() -> None:
    assert "9" * 5000 == text(parsed("p", b"[" + b"9" * 5000 + b"]")[0])


@given(WORD)
def test_text_is_text_and_null_is_null(word: str) -> None:
    assert [word, None] == [text(value) for value in parsed("p", json.dumps([word, None]).encode())]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | WORD,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3),
        max_leaves=8,
    )
)
def test_plain_and_exact_readings_say_the_same(value: Any) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()

    assert value == plain("p", body)
    said = text(parsed("p", body))
    assert (value if isinstance(value, str) else None) == said or json.loads(said or "null") == value


@pytest.mark.parametrize("body", [b"", b'{"a": 1', b'["\xc3', b"[NaN]", b"[1] x", b"<p>", b"[01]"])
def test_what_is_cut_or_no_json_is_for_a_later_try(body: bytes) -> None:
    with pytest.raises(TransientError):
        parsed("p", body)


@pytest.mark.parametrize("body", ['{"nom": "Éloïse Tremblay"}', '["é"]'])
def test_another_encoding_is_refused_unless_it_is_declared(body: str) -> None:
    wrong = body.encode("windows-1252")
    with pytest.raises(ConfigurationError, match="not UTF-8") as caught:
        parsed("p", wrong, "application/json")

    assert "Tremblay" not in caught.value.english + caught.value.french
    assert json.loads(body) == parsed("p", wrong, "application/json; charset=windows-1252")
    assert json.loads(body) == parsed(
        "p", b"\xef\xbb\xbf" + body.encode(), 'application/json; charset="UTF-8"'
    )
    with pytest.raises(ConfigurationError, match="charset"):
        parsed("p", wrong, "application/json; charset=klingon")


def test_a_pointer_reads_what_rfc_6901_says() -> None:
    value = {"a/b": {"m~n": [10, {"": "x"}]}}

    assert "x" == pointer("/a~1b/m~0n/1/")(value)
    assert 10 == pointer("/a~1b/m~0n/0")(value)
    for nowhere in ("/a", "/a~1b/x/y", "/a~1b/m~0n/2", "/a~1b/m~0n/-1", "/a~1b/m~0n/0/z"):
        assert pointer(nowhere)(value) is None


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=2), min_size=1))
def test_the_greatest_number_is_the_greatest_as_a_number(values: list[Decimal]) -> None:
    assert max(values) == Decimal(greatest(map(str, values)) or "")


@given(st.lists(st.datetimes(timezones=st.timezones()), min_size=1))
def test_the_greatest_moment_is_the_latest_in_whatever_zone_it_is_written(values: list[Any]) -> None:
    from datetime import datetime  # noqa: PLC0415 - beside its one use

    said = greatest(value.isoformat() for value in values)

    assert max(
        value.timestamp() for value in map(datetime.fromisoformat, [v.isoformat() for v in values])
    ) == (datetime.fromisoformat(said or "").timestamp())


def test_a_whole_second_is_not_later_than_its_own_fraction() -> None:
    moments = ["2026-02-16T10:00:00Z", "2026-02-16T10:00:00.500Z", None, ""]

    assert "2026-02-16T10:00:00.500Z" == greatest(moments)
    assert "2026-02-17T00:00:00Z" == greatest(moments, "2026-02-17T00:00:00Z")
    assert greatest([None, ""]) is None
