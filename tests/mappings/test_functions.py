"""Every function of the table on what it reads and what it refuses; parsers against a plain reading."""

import re
from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.engine.function_numbers import is_numeric
from mappings.engine.functions import FUNCTIONS

CASES: tuple[tuple[str, tuple[str, ...], str, object], ...] = (
    ("trim", (), " \u00a0Côté\t", "Côté"),
    ("trim", (), "  ", None),
    ("nfc", (), "Cote\u0301", "Coté"),
    ("upper", (), "éa", "ÉA"),
    ("lower", (), "ÉA", "éa"),
    ("before_underscore", (), "0001008_1_2", "0001008"),
    ("before_underscore", (), "1008", "1008"),
    ("before_underscore", (), "_1", None),
    ("remove", (" -",), "046 454-286", "046454286"),
    ("remove", (" -",), " - ", None),
    ("pad_left", ("5", "0"), "12", "00012"),
    ("pad_left", ("1", "0"), "12", "12"),
    ("digits", ("7",), " 12 ", "0000012"),
    ("digits", ("7",), "1234567", "1234567"),
    ("digits", ("7",), "12345678", None),
    ("digits", ("7",), "12a", None),
    ("digits", ("7",), "-12", None),
    ("digits", ("7",), "١٢", None),
    ("split", (",",), " a, b ,,c", ["a", "b", "c"]),
    ("split", ("|",), "a", ["a"]),
    ("split", (",",), ", ,", None),
    ("date_iso", (), "2024-02-29", "2024-02-29"),
    ("date_iso", (), " 2024-02-29T00:00:00.000 ", "2024-02-29"),
    ("date_iso", (), "2024-02-29 00:00:00", "2024-02-29"),
    ("date_iso", (), "2024-02-29 08:30:00", None),
    ("date_iso", (), "2023-02-29", None),
    ("date_iso", (), "2023-2-9", None),
    ("date_iso", (), "0000-01-01", None),
    ("date_iso", (), "31/02/2010", None),
    ("date_yyyymmdd", (), "20240229", "2024-02-29"),
    ("date_yyyymmdd", (), "20230229", None),
    ("date_yyyymmdd", (), "0", None),
    ("date", ("dd/mm/yyyy",), " 29/02/2024 ", "2024-02-29"),
    ("date", ("dd/mm/yyyy",), "02/29/2024", None),
    ("date", ("dd/mm/yyyy",), "2/1/2024", None),
    ("date", ("mm/dd/yyyy",), "02/29/2024", "2024-02-29"),
    ("date", ("dd-mm-yyyy",), "29-02-2024", "2024-02-29"),
    ("date", ("yyyy/mm/dd",), "2023/02/29", None),
    ("date", ("yyyy/mm/dd",), "2023/02/28", "2023-02-28"),
    ("date", ("yyyy-mm-dd",), "2024-02-29 00:00:00", None),
    ("date", ("yyyy-mm-dd",), "2024-02-29", "2024-02-29"),
    ("date", ("yyyymmdd",), "20240229", "2024-02-29"),
    ("date", ("ddmmyyyy",), "29022024", "2024-02-29"),
    ("date", ("ddmmyyyy",), "29020024", None),
    ("write_date", ("dd/mm/yyyy",), "2024-02-29", "29/02/2024"),
    ("write_date", ("mm/dd/yyyy",), "2024-02-29", "02/29/2024"),
    ("write_date", ("dd-mm-yyyy",), "2024-02-29", "29-02-2024"),
    ("write_date", ("yyyy/mm/dd",), "2024-02-29", "2024/02/29"),
    ("write_date", ("yyyy-mm-dd",), "2024-02-29", "2024-02-29"),
    ("write_date", ("yyyymmdd",), "2024-02-29", "20240229"),
    ("write_date", ("ddmmyyyy",), "2024-02-29", "29022024"),
    ("decimal", (), " 82,5 ", "82.5"),
    ("decimal", (), "+82.50", "82.50"),
    ("decimal", (), "-3", "-3"),
    ("decimal", (), "8,2,5", None),
    ("decimal", (), "1e5", None),
    ("decimal", (), ".5", None),
    ("decimal", (), "NaN", None),
    ("number", (), " 082,50 ", "82.5"),
    ("number", (), "82", "82.0"),
    ("number", (), "-0,0", "-0.0"),
    ("number", (), "+00", "0.0"),
    ("number", (), "100.00", "100.0"),
    ("number", (), "1e5", None),
    ("number", (), "82 %", None),
    ("integer", (), "007", "7"),
    ("integer", (), "4,00", "4"),
    ("integer", (), "+4", "4"),
    ("integer", (), "4.5", None),
    ("integer", (), "9" * 16, None),
    ("append", (";T",), "1", "1;T"),
    ("at_least", ("60", "passed", "failed"), "60", "passed"),
    ("at_least", ("60", "passed", "failed"), "59,99", "failed"),
    ("at_least", ("60", "passed", "failed"), "R", "R"),
    ("at_least", ("60", "passed", "failed"), None, None),
    ("prepend", ("urn:x:",), "132506", "urn:x:132506"),
    ("prepend", ("urn:x:",), None, None),
    ("becomes", ("mail",), "Lévis", "mail"),
    ("address_lines", (), "12||Érable (de l') |Est| 3 ", ["12 Érable (de l') Est", "3"]),
    ("address_lines", (), "12|rue|Neuve||", ["12 rue Neuve"]),
    ("address_lines", (), "|||3", ["3"]),
    ("address_lines", (), "12 rue Neuve|", ["12 rue Neuve"]),
    ("address_lines", (), "| ||", None),
    ("time_hhmm", (), " 815 ", "08:15:00"),
    ("time_hhmm", (), "2359", "23:59:00"),
    ("time_hhmm", (), "0", None),
    ("time_hhmm", (), "15", None),
    ("time_hhmm", (), "2400", None),
    ("time_hhmm", (), "1260", None),
    ("time_hhmm", (), "8:15", None),
    ("no_yes", (), "1", False),
    ("no_yes", (), " non ", True),
    ("no_yes", (), "X", None),
    ("strip", (".",), "1.", "1"),
    ("strip", (".",), "1.2", "1.2"),
    ("strip", (".",), ".", None),
    ("flags", ("mail,ministry,transport",), "1||O", ["mail", "transport"]),
    ("flags", ("mail,ministry,transport",), "0|1|0", ["ministry"]),
    ("flags", ("mail,ministry",), "0|", []),
    ("flags", ("mail,ministry",), "1|9", None),
    ("flags", ("mail,ministry",), "1", None),
    ("next_day", (), "2026-06-30", "2026-07-01"),
    ("next_day", (), "2024-02-28", "2024-02-29"),
    ("previous_day", (), "2026-07-01", "2026-06-30"),
    ("previous_day", (), "2024-03-01", "2024-02-29"),
    ("starting_year", (), " 2025-2026 ", "2025"),
    ("starting_year", (), "2025/2026", "2025"),
    ("starting_year", (), "2025-2027", None),
    ("starting_year", (), "2025", None),
    ("both_years", ("-",), "2025", "2025-2026"),
    ("both_years", ("/",), " 2025 ", "2025/2026"),
    ("both_years", ("-",), "25", None),
    ("year_of", ("1",), "2026-06-30", "2026"),
    ("year_of", ("7",), "2026-06-30", "2025"),
    ("year_of", ("7",), "2026-07-01", "2026"),
    ("moment", ("America/Toronto",), "2026-07-10 08:15:00.123", "2026-07-10T08:15:00-04:00"),
    ("moment", ("America/Toronto",), "2026-02-10T08:15:00", "2026-02-10T08:15:00-05:00"),
    ("moment", ("America/Toronto",), "2026-11-01 01:30:00", "2026-11-01T01:30:00-04:00"),
    ("moment", ("America/Toronto",), "2026-03-08 02:30:00", None),
    ("moment", ("America/Toronto",), "2026-02-10", None),
    ("moment", ("America/Toronto",), "2026-02-30 08:15:00", None),
    ("yes_no", (), " O ", True),
    ("yes_no", (), "Non", False),
    ("yes_no", (), "1", True),
    ("yes_no", (), "false", False),
    ("yes_no", (), "peut-être", None),
    ("starts_with_letter", (), "R01", True),
    ("starts_with_letter", (), "É1", True),
    ("starts_with_letter", (), "51", False),
)  # fmt: skip

_PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)


def _apply(name: str, arguments: tuple[str, ...], *texts: str | None) -> list[object]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(FUNCTIONS[name].build(pl.col("text"), *arguments).alias("made"))["made"].to_list()


@pytest.mark.parametrize(("name", "arguments", "text", "wanted"), CASES)
def test_a_function_reads_or_refuses(
    name: str, arguments: tuple[str, ...], text: str, wanted: object
) -> None:
    assert [wanted, None] == _apply(name, arguments, text, None)


def test_every_function_has_a_case_and_refusals_where_it_has_a_rule() -> None:
    refused = {name for name, _, _, wanted in CASES if wanted is None}

    assert set(FUNCTIONS) == {name for name, *_ in CASES}
    assert {name for name, function in FUNCTIONS.items() if function.rule} <= refused


@settings(max_examples=200)
@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_read_by_both_dates(day: date) -> None:
    assert [day.isoformat()] == _apply("date_iso", (), day.isoformat())
    assert [day.isoformat()] == _apply("date_yyyymmdd", (), day.strftime("%Y%m%d"))


@settings(max_examples=200)
@given(st.one_of(_PRINTABLE, st.from_regex(r"[ +-]?[0-9]{0,4}[.,]?[0-9]{0,3}[ ]?", fullmatch=True)))
def test_a_decimal_is_what_decimal_reads_and_no_more(text: str) -> None:
    (made,) = _apply("decimal", (), text)
    plain = text.strip().replace(",", ".")
    readable = re.fullmatch(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?", plain) is not None
    frame = pl.DataFrame({"text": [text]})

    assert readable == (made is not None) == frame.select(is_numeric(pl.col("text"))).item()
    if made is not None:
        assert Decimal(plain) == Decimal(str(made))
