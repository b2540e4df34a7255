"""Datatypes: what each takes as it is, and what each refuses, by the name of its rule."""

import json
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from canonical_model import extensions, rules
from canonical_model.addresses import Address, Telecom
from canonical_model.base import Model, problems
from canonical_model.codings import CodeableConcept
from canonical_model.elements import Element
from canonical_model.extensions import Extension
from canonical_model.names import HumanName, search_form
from canonical_model.provenance import Meta
from canonical_model.references import Reference, RefersTo
from canonical_model.subjects import Identifier

URN = "urn:passerelle:extension:"


def code(system: str, value: str) -> dict[str, str]:
    return {"system": system, "version": "2024-07-01", "code": value}


ADDRESS = {
    "lines": ["4567, rue de l'Érable", "app. 3"], "city": "Montréal", "province": code("province", "QC"),
    "country": code("country", "CA"), "postal_code": "H2X1Y4", "period": {"start": "2024-07-01"},
    "purposes": [code("address_purpose", "mail"), code("address_purpose", "transport")],
}  # fmt: skip
PHONE = {"system": code("telecom_system", "phone"), "value": "+15145550123x42"}
META = {
    "model_version": 2, "source": "gpi@762000", "recorded_at": "2026-02-16T12:00:00Z", "section": "health",
    "sensitivity": "sensitive",
}  # fmt: skip
VALID: list[tuple[type[Model], dict[str, Any]]] = [
    (HumanName, {"family": "Côté-D'Amours", "given": "Élie-Anne", "use": code("name_use", "official")}),
    (HumanName, {"family": "Aputik", "use": code("name_use", "usual")}),
    (Address, ADDRESS),
    (Telecom, PHONE | {"use": code("telecom_use", "mobile")}),
    (Telecom, {"system": code("telecom_system", "email"), "value": "as the source writes it"}),
    (Reference, {"resource": "Organization", "key": "762000"}),
    (CodeableConcept, {"text": "dans ses mots"}),
    (CodeableConcept, {"codings": [code("sex", "X")], "text": "dans ses mots"}),
    (Meta, META),
    (Extension, {"url": f"{URN}preferred-language", "value": "inuktitut"}),
    (Extension, {"url": f"{URN}local-measure", "parts": [{"name": "hours", "value": 3},
                                                   {"name": "on", "value": True}]}),
    (Identifier, {"system": "code-permanent", "value": "ABCD01510199",
                  "status": code("identifier_status", "superseded"),
                  "period": {"start": "2020-01-01", "end": "2024-01-01"}, "replaced_by": "ABCE01510199"}),
]  # fmt: skip
REFUSED: list[tuple[type[Model], Any, tuple[str, str]]] = [
    (HumanName, {"family": "", "use": code("name_use", "official")}, ("family", "string-too-short")),
    (HumanName, {"family": "Roy", "use": code("name_use", "secret")}, ("use", "unknown-code")),
    (HumanName, {"family": "Roy", "use": code("sex", "F")}, ("use", "wrong-code-system")),
    (Address, ADDRESS | {"postal_code": "H2X 1Y4"}, ("postal_code", "code-postal-wrong-shape")),
    (Address, ADDRESS | {"purposes": []}, ("purposes", "too-short")),
    (Address, ADDRESS | {"period": {"start": "2024-07-02", "end": "2024-07-01"}}, ("period", "end-before-start")),
    (Telecom, PHONE | {"value": "514-555"}, ("(record)", "telephone-wrong-shape")),
    (Telecom, PHONE | {"value": "555-0123"}, ("(record)", "telephone-no-area-code")),
    (Telecom, PHONE | {"value": "٥١٤٥٥٥٠١٢٣"}, ("(record)", "telephone-wrong-shape")),
    (Reference, {"resource": "organization", "key": "1"}, ("resource", "string-pattern-mismatch")),
    (CodeableConcept, {}, ("(record)", "concept-empty")),
    (CodeableConcept, {"codings": [code("nobody", "X")]}, ("(record)", "wrong-code-system")),
    (CodeableConcept, {"codings": [code("sex", "Q")]}, ("(record)", "unknown-code")),
    (Meta, META | {"recorded_at": "2026-02-16T12:00:00"}, ("recorded_at", "timezone-aware")),
    (Meta, META | {"section": "secret"}, ("section", "literal-error")),
    (Extension, {"url": "urn:nobody:registered", "value": "x"}, ("(record)", "unknown-extension")),
    (Extension, {"url": f"{URN}preferred-language"}, ("(record)", "extension-wrong-kind")),
    (Extension, {"url": f"{URN}preferred-language", "value": 3}, ("(record)", "extension-wrong-kind")),
    (Extension, {"url": f"{URN}preferred-language", "value": 1.5}, ("value", "extension-wrong-kind")),
    (Extension, {"url": f"{URN}preferred-language", "value": "x" * 1001}, ("value", "extension-wrong-kind")),
    (Extension, {"url": f"{URN}preferred-language", "value": {"url": "a"}}, ("value", "extension-too-deep")),
    (Extension, {"url": f"{URN}local-measure", "parts": [{"name": "a", "value": []}]},
     ("parts.0.value", "extension-too-deep")),
    (Extension, {"url": f"{URN}local-measure", "parts": [{"name": "a", "value": 1}] * 21}, ("parts", "too-long")),
    (Extension, {"url": f"{URN}local-measure", "parts": [{"name": "a", "value": 1, "parts": []}]},
     ("parts.0.parts", "extra-forbidden")),
]  # fmt: skip


def found(kind: Any, document: Any) -> list[tuple[str, str]]:
    try:
        TypeAdapter(kind).validate_json(json.dumps(document))
    except ValidationError as error:
        return problems(error)
    return []


@pytest.mark.parametrize(("kind", "document"), VALID)
def test_a_value_comes_back_as_it_left(kind: type[Model], document: dict[str, Any]) -> None:
    held = kind.model_validate_json(json.dumps(document))

    assert document == {
        key: value
        for key, value in json.loads(held.model_dump_json(exclude_none=True)).items()
        if value != []
    }
    assert hash(held) == hash(kind.model_validate_json(held.model_dump_json()))


@pytest.mark.parametrize(("kind", "document", "fault"), REFUSED)
def test_what_is_wrong_is_refused_by_the_name_of_its_rule(
    kind: type[Model], document: Any, fault: tuple[str, str]
) -> None:
    assert fault in found(kind, document)


def test_a_province_or_a_canadian_postal_code_is_not_abroad() -> None:
    abroad = code("country", "CA") | {"code": "FR"}
    document = ADDRESS | {"country": abroad}
    bare = {key: value for key, value in document.items() if key not in ("province", "postal_code")}

    assert [] == found(Address, bare)
    assert [("(record)", "canadian-part-abroad")] == found(Address, document)


def test_a_reference_names_what_its_field_allows() -> None:
    kind = Annotated[Reference, RefersTo("Organization", "Student")]

    assert [] == found(kind, {"resource": "Student", "key": "1"})
    assert [("(record)", "wrong-reference-type")] == found(kind, {"resource": "Payment", "key": "1"})


@given(depth=st.integers(min_value=1, max_value=100_000))
def test_nested_extensions_of_any_size_are_one_named_fault(depth: int) -> None:
    inner = '{"value":' * depth + "1" + "}" * depth
    with pytest.raises(ValidationError) as raised:
        Extension.model_validate_json(f'{{"url":"{URN}preferred-language","value":{inner}}}')

    assert {rule for _, rule in problems(raised.value)} <= {"extension-too-deep", "json-invalid"}


def test_every_registered_extension_has_an_owner_and_a_day() -> None:
    for item in extensions.registry().values():
        assert "@" in item.owner
        assert item.registered.year >= 2024
        assert item.french
        assert item.english


def test_every_rule_of_a_datatype_has_words_of_its_own() -> None:
    assert {rule for _, _, (_, rule) in REFUSED} - {"timezone-aware"} <= set(rules.known())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Élie-Anne", "ELIE ANNE"), ("D’Amours", "D'Amours"), ("Lefœuvre", "LEFOEUVRE"), ("Nguyễn", "nguyen"),
        ("  Roy   Côté ", "roy cote"), ("O'Brien", "OBRIEN"), ("Straße", "STRASSE"), ("Saint-Jean", "saint jean"),
    ],
)  # fmt: skip
def test_two_ways_to_write_one_name_have_one_search_form(one: str, other: str) -> None:
    assert search_form(one) == search_form(other)


def test_two_names_have_two_search_forms() -> None:
    assert search_form("Roy") != search_form("Royer")
    assert "ᐊᐳᑎᒃ" == search_form("ᐊᐳᑎᒃ")
    name = HumanName.model_validate_json(json.dumps(VALID[0][1]))
    assert "cote damours elie anne" == name.search_form()


@given(text=st.text(max_size=40))
def test_a_search_form_is_its_own_search_form(text: str) -> None:
    assert search_form(search_form(text)) == search_form(text)


def test_the_label_of_a_datatype_is_never_empty() -> None:
    for kind in {kind for kind, _ in VALID}:
        for field in kind.model_fields.values():
            assert any(isinstance(item, Element) and item.french and item.english for item in field.metadata)
