"""Versions: what is new is stored, what changed gets a version, what is the same costs nothing and stays."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from canonical_model.errors import ConfigurationError
from gateway import keys as hub_keys
from gateway.store import dossier, people, versions
from gateway.store.hub import Hub
from gateway.store.people import Claim
from gateway.store.schema import resource_version
from gateway.store.versions import Merged, Version
from tests.conftest import MOMENT

FICHE = ("fiche:762000", "0000123")


def person(hub: Hub, fiche: tuple[str, str] = FICHE) -> str:
    with hub.transaction() as connection:
        matched, _ = people.establish(
            connection, hub.keys, [Claim("k", (fiche,), "2009-05-06")], exchange="x", moment=MOMENT
        )
    return matched["k"]


def version(who: str, title: str = "A", *, section: str = "enrolment", key: str = "gpi@762000:1") -> Version:
    return Version(
        resource="Enrolment", key=key, person=who, section=section, organization="762000",
        document=json.dumps({"title": title}), valid_from=None, valid_to=None, place={"row": 1},
    )  # fmt: skip


def merge(hub: Hub, *items: Version, minutes: int = 0) -> Merged:
    with hub.transaction() as connection:
        return versions.merge(
            connection, hub.keys, items, exchange="x", moment=MOMENT + timedelta(minutes=minutes)
        )


def test_the_same_record_twice_is_stored_once(hub: Hub) -> None:
    who = person(hub)

    assert Merged(new=1, changed=0, unchanged=0) == merge(hub, version(who))
    assert Merged(new=0, changed=0, unchanged=1) == merge(hub, version(who), minutes=1)
    with hub.transaction() as connection:
        assert 1 == connection.scalar(sa.select(sa.func.count()).select_from(resource_version))


def test_a_changed_record_gets_a_version_and_keeps_the_old_one(hub: Hub) -> None:
    who = person(hub)
    merge(hub, version(who, "A"))

    assert Merged(new=0, changed=1, unchanged=0) == merge(hub, version(who, "B"), minutes=1)
    with hub.transaction() as connection:
        rows = connection.execute(
            sa.select(
                resource_version.c.version, resource_version.c.document, resource_version.c.recorded_to
            ).order_by(resource_version.c.version)
        ).all()
    assert [
        (1, {"title": "A"}, MOMENT + timedelta(minutes=1)),
        (2, {"title": "B"}, None),
    ] == [tuple(row) for row in rows]


def test_a_record_matched_to_another_person_is_a_change(hub: Hub) -> None:
    merge(hub, version(person(hub)))
    other = person(hub, ("fiche:762000", "0000999"))

    assert Merged(new=0, changed=1, unchanged=0) == merge(hub, version(other), minutes=1)


def test_a_sensitive_section_is_not_readable_in_the_database_and_opens_with_the_key(hub: Hub) -> None:
    who = person(hub)
    merge(hub, version(who, "Tout-à-fait-secret", section="finance"))

    with hub.transaction() as connection:
        dump = connection.execute(sa.text("select v::text from resource_version v")).scalars().all()
        held = next(dossier.current(connection, hub.keys, "Enrolment"))
    assert "secret" not in str(dump)
    assert "Tout-à-fait-secret".encode().hex() not in str(dump)
    assert {"title": "Tout-à-fait-secret"} == held.document


def test_another_master_key_opens_nothing(hub: Hub) -> None:
    who = person(hub)
    merge(hub, version(who, section="finance"))
    wrong = hub_keys.Keys(b"x" * 32, hub.keys.signing)

    with (
        hub.transaction() as connection,
        pytest.raises(ConfigurationError, match="Restore the key file"),
    ):
        list(dossier.current(connection, wrong, "Enrolment"))


def test_sections_gives_only_what_was_asked(hub: Hub) -> None:
    who = person(hub)
    merge(hub, version(who), version(who, section="finance", key="gpi@762000:2"))

    with hub.transaction() as connection:
        found = dossier.sections(connection, hub.keys, [who], {"enrolment"})

    assert {who: {"enrolment": [{"title": "A"}]}} == found
