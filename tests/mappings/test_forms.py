"""Forms: every wrong word stops with file and line, every right one does what the table of the README says."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from canonical_model.errors import ConfigurationError
from mappings.engine import forms, loader
from mappings.engine.forms import Form
from tests.mappings.conftest import FORM, Workshop, changed

README = (loader.ROOT / "README.md").read_text("utf-8")


def made(workshop: Workshop, data: dict[str, Any] = FORM) -> Form:
    """Write and load."""
    workshop.form(data)
    return forms.load(workshop.root / "test" / "forms" / "user.v1.yaml", workshop.root)


def fields(**held: Any) -> dict[str, Any]:
    """A form of these fields."""
    return {**FORM, "fields": held}


def columns(kind: str, **held: Any) -> dict[str, Any]:
    """A form of a file of columns."""
    return {**FORM, "layout": {"kind": kind}, "fields": held}


TEXT = {"type": "text"}
WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({**FORM, "purpose": "x"}, "unknown word `purpose`"),
    ({**FORM, "form": "test/other"}, "`form` must repeat the file's name"),
    ({key: held for key, held in FORM.items() if key != "source"}, "`source` is missing"),
    ({key: held for key, held in FORM.items() if key != "layout"}, "`layout` is missing"),
    ({**FORM, "layout": {}}, "`kind` is missing"),
    ({**FORM, "layout": {"kind": "yaml"}}, "one of json, csv, fixed_width, xml"),
    ({**FORM, "layout": "json"}, "keys and values are expected"),
    ({**FORM, "fields": {}}, "a field is expected"),
    (fields(a={"fields": {}}), "a field is expected"),
    (fields(**{"a.b": TEXT}), "a name holds no point"),
    (fields(_a=TEXT), "a field's name starts with a letter"),
    (fields(**{"1": TEXT}), "a field's name starts with a letter"),
    (fields(**{"a b": TEXT}), "a field's name starts with a letter"),
    (fields(model_dump=TEXT), "not with `model_`"),
    (fields(a={}), "`type` is missing"),
    (fields(a="text"), "keys and values are expected"),
    (fields(a={"type": "string"}), "one of text, integer, number, decimal, boolean, date, moment"),
    (fields(a={"type": "text", "required": "true"}), "one of yes, no"),
    (fields(a={"type": "text", "list": "maybe"}), "one of yes, no"),
    (fields(a={"type": "text", "fields": {"b": TEXT}}), "unknown word `type`"),
    (fields(a={"fields": {"b": TEXT}, "values": ["x"]}), "unknown word `values`"),
    (fields(a={"fields": {"b": TEXT}, "width": "3"}), "unknown word `width`"),
    (fields(a={"type": "text", "min": "1"}), "unknown word `min`"),
    (fields(a={"type": "integer", "pattern": "a"}), "unknown word `pattern`"),
    (fields(a={"type": "integer", "values": ["1"]}), "unknown word `values`"),
    (fields(a={"type": "date", "min": "2020-01-01"}), "unknown word `min`"),
    (fields(a={"type": "boolean", "max_length": "3"}), "unknown word `max_length`"),
    (fields(a={"type": "text", "values": ["x"], "pattern": "x"}), "unknown word `pattern`"),
    (fields(a={"type": "text", "values": []}), "a list is expected"),
    (fields(a={"type": "text", "min_items": "1"}), "need `list: yes`"),
    (fields(a={"type": "text", "list": "no", "max_items": "1"}), "need `list: yes`"),
    (fields(a={"type": "text", "max_length": "-1"}), "digits are expected"),
    (fields(a={"type": "text", "max_length": "many"}), "digits are expected"),
    (fields(a={"type": "text", "min_length": "5", "max_length": "4"}), "`max_length` is below `min_length`"),
    (fields(a={"type": "text", "list": "yes", "min_items": "2", "max_items": "1"}), "`max_items` is below"),
    (fields(a={"type": "integer", "min": "1.5"}), "as its type, integer"),
    (fields(a={"type": "decimal", "max": "NaN"}), "as its type, decimal"),
    (fields(a={"type": "number", "max": "1e3"}), "as its type, number"),
    (fields(a={"type": "number", "min": "-1", "max": "-2.5"}), "`max` is below `min`"),
    (fields(a={"type": "text", "pattern": "("}), "not a regular expression"),
    (fields(a={"type": "text", "pattern": "[z-a]"}), "not a regular expression"),
    (fields(a={"type": "text", "pattern": "(?=x)y"}), "not a regular expression"),
    (fields(a={"type": "text", "width": "3"}), "a field of json has no `width`"),
    (fields(a={"type": "text", "column": "A"}), "a field of json has no `column`"),
    (columns("xml", a={"type": "text", "column": "A"}), "a field of xml has no `column`"),
    (columns("csv", a={"type": "text", "width": "3"}), "a field of csv has no `width`"),
    (columns("csv", a={"list": "yes", "fields": {"b": TEXT}}), "no place for a list of objects"),
    (columns("fixed_width", a=TEXT), "`width` is missing"),
    (columns("fixed_width", a={"type": "text", "width": "wide"}), "digits are expected"),
    (columns("fixed_width", a={"type": "text", "width": "3", "align": "middle"}), "one of left, right"),
    (columns("fixed_width", a={"type": "text", "width": "3", "fill": "00"}), "one character is expected"),
)


@pytest.mark.parametrize(("data", "words"), WRONG)
def test_what_is_no_form_stops_with_file_and_line(
    workshop: Workshop, data: dict[str, Any], words: str
) -> None:
    path = workshop.root / "test" / "forms" / "user.v1.yaml"
    workshop.form({**data, "form": "test/user"})
    if data["form"] != "test/user":
        path.write_text(path.read_text("utf-8").replace("test/user", data["form"]), "utf-8")

    with pytest.raises(ConfigurationError, match=re.escape(words)) as caught:
        forms.load(path, workshop.root)
    assert re.match(r"^mappings/test/forms/user\.v1\.yaml:[1-9]\d*: ", caught.value.english)
    assert re.match(r"^mappings/test/forms/user\.v1\.yaml:[1-9]\d* : ", caught.value.french)


def test_the_line_is_that_of_the_wrong_word(workshop: Workshop) -> None:
    workshop.form(fields(a=TEXT, b={"type": "text", "pattern": "("}))
    path = workshop.root / "test" / "forms" / "user.v1.yaml"
    lines = path.read_text("utf-8").splitlines()

    with pytest.raises(ConfigurationError) as caught:
        forms.load(path, workshop.root)
    found = re.search(r":(\d+): ", caught.value.english)
    assert found is not None
    assert "pattern" in lines[int(found[1]) - 1]


ACCEPTED: tuple[tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]], ...] = (
    (TEXT, ('"a"', "null"), ('""', "1", "true", "[]")),
    ({"type": "text", "required": "yes"}, ('"a"',), ("null",)),
    ({"type": "text", "min_length": "0", "max_length": "2"}, ('""', '"ab"'), ('"abc"',)),
    ({"type": "text", "pattern": "^[0-9]{2}$"}, ('"12"',), ('"1"', '"123"')),
    ({"type": "text", "values": ["oui", "non"]}, ('"oui"',), ('"Oui"', '""')),
    ({"type": "integer", "min": "-1", "max": "3"}, ("-1", "3"), ("4", "1.5", '"1"', "true")),
    ({"type": "number", "min": "0.5"}, ("0.5", "2"), ("0.25", '"1"', "NaN")),
    ({"type": "decimal", "max": "2.5"}, ('"2.50"', '"-3"'), ('"2.51"', "2", '"1e0"')),
    ({"type": "boolean"}, ("true", "false"), ('"true"', "1")),
    ({"type": "date"}, ('"2025-09-30"',), ('"2025-02-30"', '"20250930"')),
    ({"type": "moment"}, ('"2025-09-30T08:00:00-04:00"',), ('"2025-09-30T08:00:00"',)),
    ({"type": "text", "list": "yes", "min_items": "1", "max_items": "2"}, ('["a"]',), ("[]", '"a"', '["a","b","c"]')),
    ({"fields": {"b": {"type": "text", "required": "yes"}}}, ('{"b":"x"}',), ("{}", '{"b":"x","c":"y"}')),
    ({"list": "yes", "fields": {"b": TEXT}}, ("[]", '[{"b":"x"},{}]'), ('[{"c":"x"}]',)),
)  # fmt: skip


@pytest.mark.parametrize(("field", "right", "wrong"), ACCEPTED)
def test_a_field_takes_what_it_says(
    workshop: Workshop, field: dict[str, Any], right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    model = made(workshop, fields(a=field)).model

    for text in right:
        model.model_validate_json(f'{{"a":{text}}}')
    for text in wrong:
        with pytest.raises(ValidationError):
            model.model_validate_json(f'{{"a":{text}}}')


def test_a_field_may_bear_any_name_that_a_partner_gives(workshop: Workshop) -> None:
    names = ("schema", "json", "copy", "class", "@id", "#text", "c:name", "Nom-Complet", "birthDate")
    document = "{" + ",".join(f'"{name}":"x"' for name in names) + "}"
    model = made(workshop, fields(**dict.fromkeys(names, TEXT))).model

    assert document == model.model_validate_json(document).model_dump_json()


@pytest.mark.parametrize("kind", forms.LAYOUTS)
def test_the_layout_is_kept_as_it_is_written(workshop: Workshop, kind: str) -> None:
    width = {"width": "3"} if kind == "fixed_width" else {}
    form = made(
        workshop, {**columns(kind, a={"type": "text", **width}), "layout": {"kind": kind, "root": "r"}}
    )

    assert (kind, (("kind", kind), ("root", "r"))) == (form.kind, form.layout)
    assert ("test/user", "1", "invented") == (form.id, form.version, form.source)


def test_the_places_of_a_file_of_columns(workshop: Workshop) -> None:
    form = made(
        workshop,
        columns(
            "fixed_width",
            fiche={"type": "text", "width": "7", "align": "right", "fill": "0", "column": "FICHE"},
            name={"fields": {"family": {"type": "text", "width": "30"}}},
        ),
    )

    assert [
        ("fiche", "FICHE", 7, "right", "0"),
        ("name.family", "family", 30, "left", " "),
    ] == [(p.path, p.column, p.width, p.align, p.fill) for p in form.places]


def test_the_versions_of_a_form_are_counted_as_numbers(workshop: Workshop) -> None:
    for version in ("10", "2", "1"):
        workshop.form({**FORM, "version": version})
    folder = workshop.root / "test" / "forms"

    assert ("1", "2", "10") == forms.versions(folder, "user")
    assert () == forms.versions(folder, "use")
    assert () == forms.versions(folder / "none", "user")


def test_the_same_text_gives_the_same_class_and_another_text_another(workshop: Workshop) -> None:
    first = made(workshop)

    assert first == made(workshop)
    assert first.model is made(workshop).model
    assert first.model is not made(workshop, changed(FORM, fields__name__max_length="3")).model


def test_the_table_of_the_readme_has_every_word_of_a_field() -> None:
    table = README.split("| word of a field |")[1].split("\n\n")[0]
    told = {word for line in table.splitlines() for word in re.findall(r"`(\w+)`", line.split(" | ")[0])}

    assert {"type", "fields", "min", "max"} | {
        *forms.EVERY,
        *forms.REPEATED,
        *forms.COLUMN,
        *forms.TEXT,
    } == told
    assert set(re.findall(r"`(\w+)`", table.splitlines()[2].rsplit(" | ", maxsplit=1)[1])) == set(forms.TYPES)


def test_the_example_of_the_readme_is_a_form(tmp_path: Path) -> None:
    example = re.search(r"## Forms\n\n```yaml\n(.*?)```", README, re.DOTALL)
    assert example is not None
    folder = tmp_path / "mappings" / "partner" / "forms"
    folder.mkdir(parents=True)
    (folder / "user.v1.yaml").write_text(example[1], "utf-8")

    assert "json" == forms.load(folder / "user.v1.yaml", tmp_path / "mappings").kind
