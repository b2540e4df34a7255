"""The page of a mapping: everything that the file says, in both languages, escaped, without script."""

import re
from html.parser import HTMLParser

import pytest

from mappings.engine import loader, page
from tests.mappings.conftest import FAMILY, PUPIL, SEX, Workshop, changed

VOID = {"meta", "br"}


class _Reader(HTMLParser):
    """Holds what a browser would: open elements closed in order, ids, links, heading levels, scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        assert [] == self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        found = dict(attributes)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found["href"] or ""] if "href" in found else []

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


@pytest.fixture(scope="module")
def site() -> dict[str, str]:
    return page.site(loader.load_all())


def test_there_is_a_page_for_every_mapping_and_an_index_that_leads_to_it(site: dict[str, str]) -> None:
    pages = {page.file_name(mapping) for mapping in loader.load_all()}

    assert {"index.html", *pages} == set(site)
    assert pages == set(_Reader(site["index.html"]).links) - {"#content"}


def test_every_page_is_well_formed_has_no_script_and_every_link_leads_somewhere(site: dict[str, str]) -> None:
    for name, text in site.items():
        read = _Reader(text)
        assert len(read.ids) == len(set(read.ids)), name
        assert {"script", "img", "link", "iframe"}.isdisjoint(read.tags), name
        assert {link.removeprefix("#") for link in read.links if link.startswith("#")} <= set(read.ids), name
        assert {link for link in read.links if not link.startswith("#")} <= set(site), name
        assert text.startswith('<!doctype html>\n<html lang="fr">'), name


def test_every_column_path_rule_and_code_of_a_mapping_is_on_its_page(site: dict[str, str]) -> None:
    for mapping in loader.load_all():
        text = site[page.file_name(mapping)]
        for field in mapping.fields:
            assert f"<code>{field.path}</code>" in text
        for column in mapping.never_read:
            assert f"<code>{column.stream}.{column.name}</code>" in text
        for _, held in mapping.code_maps:
            assert all(
                f"<code>{entry.source}</code>" in text for entry in held.entries if "&" not in entry.source
            )
        for join in mapping.joins:
            assert join.rule is None or f'id="rule-{join.rule}"' in text
        assert mapping.digest in text


def test_a_wide_column_is_named_by_its_first_and_its_last(site: dict[str, str]) -> None:
    text = site["gpi_course_result.v1.html"]

    assert "<code>gpm_e_mat_ele.res_etape_01</code> … <code>gpm_e_mat_ele.res_etape_30</code>" in text
    assert "Une ligne donne jusqu'à 30 enregistrements" in text
    assert "A row gives up to 30 records" in text


def test_a_version_leads_to_the_others(site: dict[str, str]) -> None:
    assert 'href="gpi_guardian.v1.html"' in site["gpi_guardian.v2.html"]


def test_what_a_file_holds_is_escaped_and_dates_and_labels_are_shown(workshop: Workshop) -> None:
    dated = [{"code": "F", "from": "2025-07-01", "until": "2026-07-01"}]
    workshop.codes({**SEX, "codes": {"<b>": dated, "M": "M"}})
    mapping = workshop.mapping(changed(PUPIL, where=[{"read": "name", "not": {"equals": "<script>"}}]))
    text = page.page(mapping)

    assert "&lt;script&gt;" in text
    assert "&lt;b&gt;" in text
    assert not re.search(r"<(script|b)>", text)
    assert "[2025-07-01, 2026-07-01)" in text
    assert "Féminin" in text
    assert "<code>name</code> n&#x27;est pas" in text


def test_a_form_gives_types_limits_and_labels_and_its_lists_are_told_field_by_field(
    workshop: Workshop,
) -> None:
    workshop.family()
    text = page.page(workshop.mapping(FAMILY))
    own, _, listed = text.partition('id="list-parents"')

    _Reader(text)
    assert "<code>test/user@1</code>" in own
    assert "invented" in own
    assert "texte · text<br><code>max. 8</code><br>obligatoire" in own
    assert "<code>parents[].kind</code><br>Lien" in listed
    assert "<code>contacts.kind</code>" in listed
    assert 'href="#rule-unmapped-code"' in listed
    assert "<code>id</code> = <code>contacts.of</code>" in listed
    assert "dans l&#x27;ordre de <code>rank</code>" in listed or "dans l'ordre de <code>rank</code>" in listed


def test_every_path_of_a_form_has_its_type(site: dict[str, str]) -> None:
    for mapping in loader.load_all():
        if mapping.form is not None:
            table = site[page.file_name(mapping)].partition('id="fields"')[2].partition('id="rules"')[0]
            fields = len(mapping.fields) + sum(len(child.fields) for child in mapping.lists)
            assert fields == len(re.findall(r"obligatoire · |facultatif · ", table)), mapping.id
            for child in mapping.lists:
                assert all(f"<code>{child.path}[].{field.path}</code>" in table for field in child.fields)
