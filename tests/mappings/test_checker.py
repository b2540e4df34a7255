"""Every kind of finding, each made on purpose; and the mappings of the repository, which have none."""

import re
from pathlib import Path
from typing import Any

import pytest

from canonical_model.errors import ConfigurationError
from mappings.engine import check_columns, check_fields, checker, conditions, loader
from tests.mappings.conftest import FORM, PUPIL, REMOVE, SEX, Workshop, changed

COLUMNS = PUPIL["streams"]["pupils"]["columns"]
SCHOOLS = {"columns": ["id"], "unknown_columns": "freeze"}
JOIN = {"stream": "schools", "on": {"sex": "id"}, "missing": "refuse", "rule": "unknown-school"}
SLOTS = {"groups": {"a": {"extra": "name"}}}


def _fields(**fields: Any) -> dict[str, Any]:
    """The pupil's mapping with some paths (``_`` of a name is kept, ``__`` is a dot) filled otherwise."""
    return changed(
        PUPIL,
        fields={**PUPIL["fields"], **{path.replace("__", "."): how for path, how in fields.items()}},
    )


def _types(**types: str) -> dict[str, Any]:
    """The pupil's mapping with types of columns."""
    return changed(PUPIL, streams__pupils__types=types)


def _documents(resource: str, **columns: str) -> dict[str, Any]:
    """A mapping of a stream of documents."""
    stream = {"resource": resource, "columns": columns, "unknown_columns": "discard"}
    return changed(
        PUPIL,
        **{"from": "held"},
        to={"form": "user"},
        streams={"held": stream},
        fields={"id": {"read": "id"}, "name": {"read": "id"}},
    )


def _lists(path: str, **fields: Any) -> dict[str, Any]:
    """A mapping with a list of child rows."""
    return changed(
        PUPIL,
        to={"form": "user"},
        never_read=["first", "born", "sex"],
        streams__contacts={"columns": ["of", "name"], "unknown_columns": "freeze"},
        fields={"id": {"read": "id"}, "name": {"read": "name"}},
        lists={path: {"stream": "contacts", "on": {"id": "of"}, "fields": fields}},
    )


FAULTS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("unknown-resource", changed(PUPIL, to="Studnet"), "no Studnet (did you mean `Student`?)"),
    ("unknown-path", _fields(famly_name={"read": "name"}), "famly_name (did you mean `family_name`?)"),
    ("unknown-path", _fields(subject__0__kind={"const": "a"}), "no subject.0.kind"),
    ("unknown-path", _fields(family_name__x={"const": "a"}), "no family_name.x"),
    ("not-a-value", _fields(subject={"read": "id"}), "subject holds other paths"),
    ("gap-in-list", _fields(subject__2__system={"const": "ramq"}), "position before 2"),
    ("required-unfilled", changed(PUPIL, fields__birth_date=REMOVE, never_read=["born"]), "fills birth_date"),
    ("required-unfilled", _fields(subject__1__system={"const": "ramq"}), "fills subject.1.value"),
    ("required-unfilled", changed(PUPIL, to="Payment"), "fills amount"),
    ("unknown-function", _fields(given_name={"read": "first", "do": ["trom"]}), "trom (did you mean `trim`"),
    ("wrong-arguments", _fields(given_name={"read": "first", "do": [{"digits": "x"}]}), "digits does not"),
    ("wrong-arguments", _fields(given_name={"read": "first", "do": ["digits"]}), "digits does not"),
    ("type-clash", _fields(birth_date={"read": "born"}), "text is given where date is wanted"),
    ("type-clash", _fields(given_name={"read": "first", "do": ["decimal", "trim"]}), "decimal is given"),
    ("type-clash", _fields(sex={"read": "sex"}), "text is given where coding is wanted"),
    (
        "type-clash",
        changed(
            PUPIL,
            to="Guardian",
            **{"fields__addresses.0.purposes": {"read": "name", "do": [{"split": ","}]}},
        ),
        "list is given where codings is wanted",
    ),
    (
        "type-clash",
        _fields(sex={"read": "born", "do": ["date_iso"], "code_map": "sex"}),
        "date is given where text is wanted",
    ),
    ("unknown-code-map", _fields(sex={"read": "sex", "code_map": "sexe"}), "codes/sexe.yaml is absent"),
    ("refused-constant", _fields(code_permanent={"const": "A1"}), "code-permanent-wrong-shape"),
    ("refused-constant", _fields(sex={"const": "Z", "code_map": "sex"}), "unmapped-code"),
    ("unknown-stream", changed(PUPIL, **{"from": "pupil"}), "stream pupil is not declared"),
    ("unknown-stream", _fields(given_name={"read": "other.first"}), "stream other"),
    ("unused-stream", changed(PUPIL, streams__schools=SCHOOLS), "schools is neither"),
    ("unknown-column", _fields(given_name={"read": "frist"}), "frist (did you mean `first`?)"),
    ("unknown-column", changed(PUPIL, key=["ident"]), "no column ident"),
    ("unknown-column", changed(PUPIL, where=[{"read": "year", "is": "blank"}]), "no column year"),
    ("unknown-column", changed(PUPIL, never_read=["secret"]), "no column secret"),
    ("unread-column", changed(PUPIL, streams__pupils__columns=[*COLUMNS, "note"]), "pupils.note is not read"),
    ("unread-column", changed(PUPIL, unpivot=SLOTS), "extra of `unpivot` is not read"),
    ("read-and-never-read", changed(PUPIL, never_read=["sex"]), "pupils.sex is read, and named"),
    ("repeated-column", changed(PUPIL, streams__pupils__columns=[*COLUMNS, "sex"]), "sex is declared twice"),
    ("unknown-context", _fields(given_name={"read": "$slot"}), "$slot: only $organization"),
    ("unknown-context", _fields(given_name={"const": "$day"}), "$day: only $organization"),
    ("repeated-join", changed(PUPIL, streams__schools=SCHOOLS, join=[JOIN, JOIN]), "schools is joined twice"),
    (
        "unknown-rule",
        changed(PUPIL, streams__schools=SCHOOLS, join=[{**JOIN, "rule": "unknown-schol"}]),
        "unknown-schol has no words (did you mean `unknown-school`?)",
    ),
    (
        "ambiguous-name",
        changed(_fields(family_name={"read": "first"}), unpivot={"groups": {"a": {"first": "name"}}}),
        "first names both",
    ),
    ("never-holds", changed(PUPIL, where=[{"read": "sex", "equals": "F "}]), "no cell can meet this condition"),
    ("never-holds", _fields(sex={"read": "sex", "when": {"before": "0001-01-01"}}), "no cell can meet"),
    ("unknown-column", _types(sexe="yes_no"), "no column sexe (did you mean `sex`?). Correct `types`"),
    ("unknown-type", _types(born="date"), "date is not a type"),
    ("unknown-type", _types(born="trim"), "trim is not a type"),
    ("unknown-resource", _documents("Studnet", id="family_name"), "no Studnet (did you mean `Student`?)"),
    ("unknown-path", _documents("Student", id="famly_name"), "Student has no famly_name for id"),
    ("unknown-path", _documents("Student", id="subject[system=fiche:*"), "has no subject[system=fiche:*"),
    ("unknown-path", _documents("Student", id="subject[sistem=fiche:*].value"), "has no subject[sistem="),
    ("unknown-path", _documents("Student", id="sex.letter"), "has no sex.letter"),
    ("unknown-path", _documents("Student", id="family_name.0"), "has no family_name.0"),
    ("not-a-list", _lists("name", name={"read": "name"}), "name is not a list of objects"),
    ("unknown-path", _lists("parents", nmae={"read": "name"}), "no nmae (did you mean `name`?)"),
    ("type-clash", _lists("parents", since={"read": "name"}), "text is given where date is wanted"),
    ("required-unfilled", _lists("parents", since={"read": "name", "do": ["date_iso"]}), "nobody fills name"),
    ("out-of-reach", _lists("parents", name={"read": "pupils.name"}), "pupils.name cannot be read here"),
    (
        "out-of-reach",
        changed(_lists("parents", name={"read": "name"}), fields__note={"read": "contacts.name"}),
        "contacts.name cannot be read here",
    ),
    (
        "out-of-reach",
        changed(_lists("parents", name={"read": "name"}), where=[{"read": "contacts.name", "is": "blank"}]),
        "contacts.name cannot be read here",
    ),
    (
        "filled-twice",
        changed(_lists("parents", name={"read": "name"}), **{"fields__parents.0.name": {"read": "name"}}),
        "another field fills a part of it",
    ),
    (
        "repeated-join",
        changed(
            _lists("parents", name={"read": "name"}),
            join=[{"stream": "contacts", "on": {"id": "of"}, "missing": "keep"}],
        ),
        "contacts is joined twice",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "words"), FAULTS)
def test_a_fault_is_found_with_its_line(
    workshop: Workshop, kind: str, data: dict[str, Any], words: str
) -> None:
    workshop.form(FORM)
    found = [item for item in checker.check(workshop.mapping(data)) if item.kind == kind]

    assert any(words in item.english for item in found), [str(item) for item in found]
    assert all(item.french.endswith((".", "?")) and item.french != item.english for item in found)
    assert all(re.match(r"^mappings/test/pupil\.v1\.yaml:[1-9]", str(item)) for item in found)


@pytest.mark.parametrize(
    ("kind", "code_map", "words"),
    [
        ("code-not-in-list", {**SEX, "codes": {"F": "F", "H": "Homme"}}, "Homme at sex (unknown-code)"),
        ("code-not-in-list", {**SEX, "to": "payment_channel", "codes": {"B": "bank"}}, "wrong-code-system"),
        ("unknown-code-list", {**SEX, "to": "sexes"}, "no code list sexes"),
        ("type-clash", {**SEX, "to": "text"}, "text is given where coding is wanted"),
    ],
)
def test_a_fault_of_a_code_map_is_found(
    workshop: Workshop, kind: str, code_map: dict[str, Any], words: str
) -> None:
    workshop.codes(code_map)

    assert [(kind, True)] == [
        (item.kind, words in item.english) for item in checker.check(workshop.mapping())
    ]


def test_the_line_of_a_finding_is_that_of_the_field(workshop: Workshop) -> None:
    mapping = workshop.mapping(_fields(given_name={"read": "frist"}))
    text = (workshop.root / "test" / "pupil.v1.yaml").read_text("utf-8").splitlines()
    (found,) = [item for item in checker.check(mapping) if item.kind == "unknown-column"]

    assert "  given_name:" == text[found.line - 1]


def test_every_kind_of_finding_is_made_by_a_test() -> None:
    written = set()
    for module in (check_columns, check_fields, conditions):
        source = Path(module.__file__ or "").read_text("utf-8")
        written |= set(re.findall(r"finding\(\s*\"([a-z-]+)\"", source))

    assert written == {kind for kind, _, _ in FAULTS} | {"code-not-in-list", "unknown-code-list"}


CHILDREN: dict[str, Any] = {"stream": "b", "on": {"id": "of"}, "fields": {}}
SHAPES: tuple[tuple[dict[str, Any], str], ...] = (
    (changed(PUPIL, version="2"), "no such mapping"),
    (changed(PUPIL, key=REMOVE), "`key` is missing"),
    (changed(PUPIL, key="id"), "a list is expected"),
    (changed(PUPIL, key=[]), "a list is expected"),
    (changed(PUPIL, fields=["a"]), "keys and values are expected"),
    (changed(PUPIL, to=["Student"]), "keys and values are expected"),
    (changed(PUPIL, to={"resource": "Student"}), "unknown word `resource`"),
    (changed(PUPIL, to={"form": "user"}), "there is no such form"),
    (changed(PUPIL, streams__pupils__unknown_columns="keep"), "one of freeze, discard, evolve"),
    (changed(PUPIL, streams__Pupils={"columns": ["id"], "unknown_columns": "freeze"}), "small letters"),
    (changed(PUPIL, streams__pupils__resource="Student"), "keys and values are expected"),
    (changed(PUPIL, streams__pupils__types=["integer"]), "keys and values are expected"),
    (changed(PUPIL, streams__pupils__format="csv"), "keys and values are expected"),
    (
        changed(PUPIL, fields__sex={"read": ["sex", "id"], "between": "-", "first": "filled"}),
        "need one of `between`",
    ),
    (changed(PUPIL, fields__sex={"read": ["sex", "id"], "first": "blank"}), "one of filled"),
    (changed(PUPIL, fields__sex={"read": "sex", "first": "filled"}), "one column has none"),
    (changed(PUPIL, fields__sex={"read": ["sex", "id"], "compute": "sum"}), "one of percent"),
    (changed(PUPIL, fields__sex={"read": ["sex", "id", "name"], "compute": "percent"}), "reads two columns"),
    (changed(PUPIL, fields__sex={"read": ["sex"], "compute": "percent"}), "reads two columns"),
    (changed(PUPIL, where=[{"read": "born", "before": "1 July 2025"}]), "a day is expected"),
    (changed(PUPIL, where=[{"read": "born", "not": {"not": {"is": "blank"}}}]), "unknown word `not`"),
    (
        changed(PUPIL, where=[{"read": "born", "before": "2025-07-01", "after": "2024-07-01"}]),
        "exactly one of",
    ),
    (changed(PUPIL, lists={"a": {"on": {"id": "of"}, "fields": {}}}), "`stream` is missing"),
    (changed(PUPIL, lists={"a": {"stream": "b", "fields": {}}}), "`on` is missing"),
    (changed(PUPIL, lists={"a": {"stream": "b", "on": {"id": "of"}}}), "`fields` is missing"),
    (
        changed(PUPIL, lists={"a": {"stream": "b", "on": {"id": "of"}, "fields": {}, "order": "c"}}),
        "a list is expected",
    ),
    (
        changed(PUPIL, lists={"a": {"stream": "b", "on": {"id": "of"}, "fields": {}, "where": []}}),
        "unknown word `where`",
    ),
    (changed(PUPIL, streams__pupils__columns=["Id"]), "small letters"),
    (changed(PUPIL, fields__sex={"do": ["trim"]}), "`read` or `const`"),
    (changed(PUPIL, fields__sex={"const": "a", "read": "sex"}), "unknown word `read`"),
    (changed(PUPIL, fields__sex={"read": ["sex", "id"]}), "`between`"),
    (changed(PUPIL, fields__sex={"read": "sex", "between": "-"}), "`between`"),
    (changed(PUPIL, fields__sex={"read": "sex", "when": {"is": "odd"}}), "one of blank, numeric"),
    (changed(PUPIL, fields__sex={"read": "sex", "when": {"is": "blank", "equals": "a"}}), "exactly one of"),
    (changed(PUPIL, fields__sex={"read": "sex", "do": [{"remove": "a", "trim": "b"}]}), "on one line"),
    (changed(PUPIL, fields__sex={"read": "sex", "code_map": "../sex"}), "small letters"),
    (changed(PUPIL, where=[{"read": "sex"}]), "exactly one of"),
    (changed(PUPIL, where=[{"any": [], "read": "sex"}]), "unknown word `read`"),
    (changed(PUPIL, join=[{**JOIN, "missing": "keep"}]), "`missing: refuse` needs a `rule`"),
    (changed(PUPIL, join=[{key: JOIN[key] for key in ("stream", "on", "missing")}]), "needs a `rule`"),
    (changed(PUPIL, unpivot={"slots": "1-3", "columns": {"a": "b"}}), "first..last"),
    (changed(PUPIL, unpivot={"slots": "3..1", "columns": {"a": "b"}}), "every slot must have the same names"),
    (changed(PUPIL, unpivot={"groups": {"a": {"x": "id"}, "b": {"y": "id"}}}), "every slot must have"),
    (changed(PUPIL, unpivot={**SLOTS, "present": ["other"]}), "`present` names"),
    (changed(PUPIL, unpivot={**SLOTS, "slots": "01..02"}), "unknown word `slots`"),
)


@pytest.mark.parametrize(("data", "words"), SHAPES)
def test_what_is_not_the_language_does_not_load(workshop: Workshop, data: dict[str, Any], words: str) -> None:
    workshop.write(data)

    with pytest.raises(ConfigurationError, match=re.escape(words)):
        loader.load("test/pupil@1", workshop.root)


def test_a_file_must_repeat_its_name(workshop: Workshop) -> None:
    workshop.write(PUPIL)
    file = workshop.root / "test" / "pupil.v1.yaml"
    for was, wrong in (("test/pupil", "test/puppy"), ("version: '1'", "version: '3'")):
        text = file.read_text("utf-8")
        file.write_text(text.replace(was, wrong), "utf-8")
        with pytest.raises(ConfigurationError, match=r"pupil\.v1\.yaml:\d: .*repeat the file's name"):
            loader.load("test/pupil@1", workshop.root)
        file.write_text(text, "utf-8")

    workshop.codes(SEX)
    (workshop.root / "test" / "codes" / "sex.yaml").rename(workshop.root / "test" / "codes" / "gender.yaml")
    workshop.write(_fields(sex={"read": "sex", "code_map": "gender"}))
    with pytest.raises(ConfigurationError, match=r"codes/gender\.yaml:1: `code_map` must repeat"):
        loader.load("test/pupil@1", workshop.root)


def test_the_mappings_of_the_repository_have_no_finding() -> None:
    for mapping in loader.load_all():
        assert () == checker.check(mapping), mapping.id
