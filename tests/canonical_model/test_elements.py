"""Every field of every resource says what it is, in two languages, where it lives and how sensitive it is."""

import typing
from typing import Annotated

import pytest
from pydantic import Field

from canonical_model import codings, resources
from canonical_model.base import SENSITIVITY, Model, Section, Sensitivity
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import VERSIONS, Element, described, element_of, opened


class Inner(Model):
    day: Annotated[Coding | None, InSystem("sex"), Element("Jour", "Day")] = None


class Outer(Model):
    plain: Annotated[str, Element("Simple", "Plain", sensitivity="restricted")]
    many: Annotated[tuple[Inner, ...], Element("Plusieurs", "Many")] = ()
    coded: Annotated[
        tuple[Annotated[Coding, InSystem("sex")], ...] | None, Element("Codes", "Codes", section="health")
    ] = None
    limited: Annotated[Annotated[int, Field(ge=1)] | None, Element("Borné", "Limited")] = None


class Bare(Model):
    forgotten: str


@pytest.mark.parametrize("name", resources.NAMES)
def test_every_field_has_labels_a_section_a_sensitivity_and_a_known_list(name: str) -> None:
    kind = resources.resource(name)
    found = described(kind, kind.SECTION)

    assert found
    for field in found:
        assert field.french.strip(), field.path
        assert field.english.strip(), field.path
        assert field.section in typing.get_args(Section), field.path
        assert field.sensitivity in typing.get_args(Sensitivity), field.path
        if field.code_system is not None:
            assert codings.versions(field.code_system), field.path


@pytest.mark.parametrize("name", resources.NAMES)
def test_every_coding_names_its_list(name: str) -> None:
    """Else any code of any list would do; only CodeableConcept and what is generic may."""
    kind = resources.resource(name)
    for model_field in described(kind, kind.SECTION):
        if model_field.type == "Coding" and ".codings" not in model_field.path:
            assert model_field.code_system is not None, f"{name}.{model_field.path}"


@pytest.mark.parametrize("name", resources.NAMES)
def test_a_field_stands_in_versions_that_exist(name: str) -> None:
    kind = resources.resource(name)
    for field in kind.model_fields:
        element = element_of(kind, field)
        assert element.since in VERSIONS
        assert element.until is None or element.until in VERSIONS
        assert any(element.stands_in(version) for version in VERSIONS)


def test_fields_are_described_flat_with_datatypes_opened() -> None:
    found = {item.path: item for item in described(Outer, "identity")}

    assert ["plain", "many[]", "many[].day", "many[].day.system", "many[].day.version", "many[].day.code",
            "coded[]", "coded[].system", "coded[].version", "coded[].code", "limited"] == list(found)  # fmt: skip
    assert ("restricted", "ordinary") == (found["plain"].sensitivity, found["many[]"].sensitivity)
    assert ("sex", "sex") == (found["many[].day"].code_system, found["coded[]"].code_system)
    assert ("health", "health") == (found["coded[]"].section, found["coded[].code"].section)
    assert (True, False) == (found["plain"].required, found["limited"].required)
    assert "int" == found["limited"].type
    assert (int, False, None) == opened(Outer.model_fields["limited"])


def test_a_field_without_labels_is_named() -> None:
    with pytest.raises(
        LookupError, match=r"Bare\.forgotten: no Element\. Give it French and English labels\."
    ):
        described(Bare, "identity")


def test_a_field_has_the_sensitivity_of_its_section_unless_it_says_otherwise() -> None:
    contract = resources.resource("ChildcareContract")
    found = {item.path: item.sensitivity for item in described(contract, contract.SECTION)}

    assert SENSITIVITY["finance"] == found["share"]
    assert "restricted" == found["social_insurance_number"]
