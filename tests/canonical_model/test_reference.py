"""The reference page: whole, well formed, linked, and safe to open anywhere."""

import re
from functools import cache
from html import escape
from itertools import pairwise

import pytest
from lxml import etree, html

from canonical_model import codings, reference, resources
from canonical_model.base import SENSITIVITY
from canonical_model.codings import Code, CodeList
from canonical_model.elements import element_of, opened


@cache
def page() -> html.HtmlElement:
    return html.document_fromstring(reference.page())


def cells(place: str) -> list[list[str]]:
    (table,) = page().xpath(f"//section[@aria-labelledby='{place}']//table[1]")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in table.xpath("tbody/tr")]


@pytest.mark.parametrize("name", resources.NAMES)
def test_every_field_is_there_with_all_that_is_known_of_it(name: str) -> None:
    kind = resources.resource(name)
    rows = cells(f"resource-{name}")

    assert list(kind.model_fields) == [row[0] for row in rows]
    for (field, info), row in zip(kind.model_fields.items(), rows, strict=True):
        element = element_of(kind, field)
        section = element.section or kind.SECTION
        assert " ".join(element.french.split()) in row[1]
        assert " ".join(element.english.split()) in row[1]
        assert (opened(info)[2] or "") == row[4]
        assert section == row[5]
        assert (element.sensitivity or SENSITIVITY[section]) in row[6]


def test_every_code_of_every_list_that_a_field_names_is_there() -> None:
    named = page().xpath("//section[starts-with(@aria-labelledby, 'list-')]/@aria-labelledby")
    for place in named:
        (section,) = page().xpath(f"//section[@aria-labelledby='{place}']")
        wanted = [
            code.code
            for held in codings.versions(place.removeprefix("list-"))
            for code in held.codes.values()
        ]

        assert wanted == [" ".join(cell.text_content().split()) for cell in section.xpath(".//tbody/tr/th")]
    assert len(named) > 10


def test_every_code_has_its_definition_and_its_source_on_the_page() -> None:
    """In its own row, or once for the whole list."""
    for place in page().xpath("//section[starts-with(@aria-labelledby, 'list-')]/@aria-labelledby"):
        (section,) = page().xpath(f"//section[@aria-labelledby='{place}']")
        above = " ".join(" ".join(text.text_content().split()) for text in section.xpath("./p"))
        (held,) = codings.versions(place.removeprefix("list-"))
        for row, code in zip(cells(place), held.codes.values(), strict=True):
            for said in (code.definition_french, code.definition_english, code.source):
                assert said in above or any(cell.endswith(said) for cell in row), (place, code.code, said)


def test_what_a_list_says_for_all_its_codes_is_written_once() -> None:
    (country,) = codings.versions("country")

    assert 1 == reference.page().count(escape(country.definition_french))
    assert len(reference.page().encode()) < 1_000_000


def test_every_link_leads_somewhere_on_the_page_and_every_id_is_one() -> None:
    places = page().xpath("//@id")

    assert len(set(places)) == len(places)
    assert {link for link in page().xpath("//a/@href") if link.removeprefix("#") not in places} == set()


def test_the_page_needs_nothing_else_and_runs_nothing() -> None:
    assert [] == page().xpath(
        "//script | //link | //img | //iframe | //@src | //@onclick | //style[contains(., 'url(')]"
    )
    assert [] == [link for link in page().xpath("//a/@href") if not link.startswith("#")]


def test_the_page_can_be_read_without_eyes_or_mouse() -> None:
    assert ["fr"] == page().xpath("/html/@lang")
    assert 1 == len(page().xpath("//h1"))
    levels = [int(head.tag[1]) for head in page().xpath("//h1 | //h2 | //h3")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in page().xpath("//table"):
        assert table.xpath("caption")
        assert table.xpath("thead/tr/th[@scope='col']")
        assert len(table.xpath("tbody/tr")) == len(table.xpath("tbody/tr/th[@scope='row']"))
        assert "0" == table.getparent().get("tabindex")
    assert page().xpath("//a[@class='skip'][@href='#content']")


def test_the_page_is_well_formed() -> None:
    text = re.sub(r"<(meta|br|wbr)\b([^>]*)>", r"<\1\2/>", reference.page()).removeprefix("<!doctype html>\n")

    assert etree.fromstring(text).tag == "html"


def test_words_of_colours_stand_out_enough() -> None:
    """WCAG 2.2 AA: 4.5 to 1 for text, on white and on the pale heading."""
    style = page().xpath("//style")[0].text
    colours = set(re.findall(r"(?:color|--ink|--soft|--link): (#[0-9a-f]{6})", style))

    assert len(colours) >= 5
    for colour in colours:
        assert _contrast(colour, "#ffffff") >= 4.5
        assert _contrast(colour, "#f2f5f9") >= 4.5


def test_whatever_a_list_says_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = "<script>alert('x')</script>&\""
    held = CodeList(
        "sex",
        "2024-07-01",
        bad,
        {bad: Code(bad, bad, bad, bad, bad, bad), "Y": Code("Y", bad, bad, bad, bad, "z")},
    )
    monkeypatch.setattr(codings, "versions", lambda _system: (held,))

    assert "<script" not in reference.page()


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
