"""XML from outside: what is refused before it is parsed, and violations that name no value."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connectors.kit import safe_xml

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:t" targetNamespace="urn:t"
  elementFormDefault="qualified"><xs:element name="A"><xs:complexType><xs:sequence>
  <xs:element name="DAY" type="xs:date"/><xs:element name="SEX"><xs:simpleType>
  <xs:restriction base="xs:string"><xs:enumeration value="F"/></xs:restriction></xs:simpleType></xs:element>
  </xs:sequence></xs:complexType></xs:element></xs:schema>"""
BOMB = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><r x="&c;">&c;</r>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not-xml"),
        (b"<a>", "not-xml"),
        (b"<a>\xe9</a>", "not-xml"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', "not-xml"),
        (BOMB.encode(), "document-type"),
        (b"<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>", "document-type"),
        ("\ufeff".encode() + BOMB.encode(), "document-type"),
        (BOMB.encode("utf-16"), "not-utf-8"),
        (BOMB.encode("utf-16-be"), "not-utf-8"),
        (BOMB.encode("utf-16-le"), "not-utf-8"),
        (BOMB.encode("utf-32"), "not-utf-8"),
        (
            b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE r [+ADwAIQ-ENTITY a "b">]><r>&a;</r>',
            "not-xml",
        ),
    ],
)
def test_what_may_not_be_read_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(safe_xml.UnsafeXmlError) as caught:
        safe_xml.parse(content)

    assert reason == caught.value.reason
    assert reason == pickle.loads(pickle.dumps(caught.value)).reason


def test_comments_and_instructions_are_not_kept_and_a_large_text_is() -> None:
    large = "x" * (11 * 1024 * 1024)

    root = safe_xml.parse(f"<a><!-- c --><?p i?><b>{large}</b></a>".encode())

    assert ["b"] == [child.tag for child in root]
    assert len(large) == len(root[0].text or "")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_characters="<>&'\""), min_size=4))
def test_a_violation_names_element_and_rule_and_never_the_value(value: str) -> None:
    schema = etree.XMLSchema(etree.fromstring(XSD))
    root = etree.fromstring(f'<A xmlns="urn:t"><DAY>{value}</DAY><SEX>{value}</SEX></A>')

    found = list(safe_xml.violations(schema, root))

    assert {"DAY", "SEX"} == {name for name, _ in found}
    assert all(rule.startswith("cvc-") for _, rule in found)


def test_what_follows_the_schema_has_no_violation(tmp_path: Path) -> None:
    path = tmp_path / "a.xsd"
    path.write_text(XSD, "utf-8")
    root = safe_xml.parse(b'<A xmlns="urn:t"><DAY>2026-02-16</DAY><SEX>F</SEX></A>')

    assert [] == list(safe_xml.violations(safe_xml.schema(path), root))
    assert "urn:t" == safe_xml.target_namespace(path)
