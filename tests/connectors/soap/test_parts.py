"""Answers in several parts (MTOM, SOAP with Attachments): joined by name, bounded, and refused when they cheat."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connectors.kit.soap import multipart
from connectors.kit.soap.multipart import MultipartError

KIND = 'Multipart/Related; boundary="b 1"; type="application/xop+xml"; start="<root>"'
INCLUDE = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="{}"/>'


def written(*parts: tuple[str, bytes, str], end: bytes = b"--b 1--\r\n") -> bytes:
    made = b"".join(
        f"--b 1\r\ncontent-id: <{name}>\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + held
        + b"\r\n"
        for name, held, encoding in parts
    )
    return b"a preamble\r\n" + made + end


def refusal(kind: str, content: bytes) -> str:
    with pytest.raises(MultipartError) as caught:
        multipart.split(kind, content)
    return caught.value.reason


@given(st.binary(max_size=400).filter(lambda held: b"\r\n--b 1" not in b"\r\n" + held))
def test_a_part_comes_out_as_it_went_in(held: bytes) -> None:
    coded = base64.encodebytes(held)
    found = multipart.split(
        KIND, written(("a", held, "binary"), ("root", b"<r/>", "8bit"), ("b", coded, "Base64"))
    )

    assert b"<r/>" == found.root
    assert {"a": held, "b": held} == found.attached


def test_without_a_start_the_first_part_is_the_root() -> None:
    found = multipart.split(
        'multipart/related; boundary="b 1"', written(("", b"<r/>", "7bit"), ("a", b"x", "binary"))
    )

    assert (b"<r/>", {"a": b"x"}) == (found.root, found.attached)


def test_quoted_printable_is_read() -> None:
    found = multipart.split(KIND, written(("root", b"<r/>", "8bit"), ("a", b"=E9t=E9", "quoted-printable")))

    assert {"a": b"\xe9t\xe9"} == found.attached


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        ("multipart/related", b"", "boundary"),
        (f'multipart/related; boundary="{"b" * 71}"', b"", "boundary"),
        (KIND, b"", "cut"),
        (KIND, written(("root", b"<r/>", "8bit"), end=b""), "cut"),
        (KIND, written(("a", b"<r/>", "8bit")), "root"),
        (KIND, written(("root", b"", "8bit"), ("a", b"", "8bit"), ("a", b"", "8bit")), "part"),
        (KIND, written(("root", b"", "8bit"), ("", b"", "8bit")), "part"),
        (KIND, written(("root", b"", "8bit"), ("a", b"", "x-zip")), "part"),
        (KIND, written(("root", b"", "8bit"), ("a", b"a", "base64")), "part"),
        (KIND, b"--b 1\r\nno end of headers\r\n--b 1--\r\n", "part"),
    ],
)
def test_parts_that_cannot_be_put_together_are_refused(kind: str, content: bytes, reason: str) -> None:
    assert reason == refusal(kind, content)


def test_more_parts_than_any_contract_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "MOST_PARTS", 3)
    right = [(name, b"", "8bit") for name in ("root", "a", "b")]

    assert {"a": b"", "b": b""} == multipart.split(KIND, written(*right)).attached
    assert "parts" == refusal(KIND, written(*right, ("c", b"", "8bit")))


def test_a_part_is_joined_by_inclusion_and_by_reference() -> None:
    text = f'<r><a>{INCLUDE.format("cid:un%401")}</a><b href="cid:deux"/><c href="cid:deux">kept</c></r>'
    root = etree.fromstring(text)
    parts = {"un@1": b"\x00\xff", "deux": b"2"}

    assert {"un@1"} == multipart.join_included(root, parts)
    multipart.join_referred(root, parts)

    assert ["AP8=", "Mg==", "kept"] == [found.text for found in root]


@pytest.mark.parametrize(
    "inner",
    [
        INCLUDE.format("cid:absent"),
        INCLUDE.format("http://127.0.0.1:1/x"),
        INCLUDE.format("file:///etc/hostname"),
        INCLUDE.format("cid:un") * 2,
        f"{INCLUDE.format('cid:un')}<autre/>",
        INCLUDE.replace('href="{}"', ""),
    ],
)
def test_an_inclusion_of_anything_but_one_part_is_refused(inner: str) -> None:
    root = etree.fromstring(f"<r><a>{inner}</a></r>")

    with pytest.raises(MultipartError, match="reference"):
        multipart.join_included(root, {"un": b"1"})
