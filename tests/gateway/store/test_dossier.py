"""Reading the dossier: a person by any of their names, the latest of what is known, sealed sections opened."""

import uuid

import pytest

from gateway.store import dossier
from gateway.store.hub import Hub
from tests.school import School

CODE = "EXEM63010000"


@pytest.mark.parametrize(
    "reference",
    ["", "|", "nobody", "fiche:762000|", "|0000001", "fiche:762000|0000002", "fiche:711000|0000001",
     "code-permanent|exem63010000", str(uuid.UUID(int=0)), "fiche:762000|0000001|", "' or 1=1 --"],
)  # fmt: skip
def test_what_names_nobody_finds_nobody(hub: Hub, reference: str) -> None:
    School(hub).pupil(1, code_permanent=CODE)

    with hub.transaction() as connection:
        assert dossier.find_person(connection, reference) is None


def test_a_person_is_found_by_hub_id_and_by_each_identifier(hub: Hub) -> None:
    who = School(hub).pupil(1, code_permanent=CODE)
    references = (who, who.upper(), f"{{{who}}}", "fiche:762000|0000001", f"code-permanent|{CODE}")

    with hub.transaction() as connection:
        assert {who} == {dossier.find_person(connection, reference) for reference in references}


def test_only_the_latest_versions_are_current(hub: Hub) -> None:
    school = School(hub)
    who = school.pupil(1, mark="60")
    school.pupil(1, mark="75")
    school.pupil(2, mark="90")

    with hub.transaction() as connection:
        held = {item.person: item for item in dossier.current(connection, hub.keys, "CourseResult")}
        assert (2, "75") == (held[who].version, held[who].document["mark"]["number"])
        assert 2 == len(held)
        assert [who] == [
            item.person for item in dossier.current(connection, hub.keys, "CourseResult", person=who)
        ]
        assert [] == list(dossier.current(connection, hub.keys, "CourseResult", organization="711000"))


def test_a_dossier_is_read_whole_or_by_section(hub: Hub) -> None:
    school = School(hub)
    who = school.pupil(1)
    school.answer(1)
    school.pupil(2)

    with hub.transaction() as connection:
        whole = dossier.of_person(connection, hub.keys, who)
        assert ["Consent", "CourseResult", "Enrolment", "Student"] == [item.resource for item in whole]
        assert ["Student"] == [i.resource for i in dossier.of_person(connection, hub.keys, who, "identity")]
        assert {} == dossier.sections(connection, hub.keys, [], {"identity"})
        assert {} == dossier.sections(connection, hub.keys, [who], set())
