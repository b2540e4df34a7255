"""A mapped record carries the version of the list that was in force on its own day, whatever the business day."""

import json
from datetime import date
from pathlib import Path

import polars as pl

from mappings.engine import compiler, loader
from tests.code_lists import followed  # noqa: F401 - a fixture is used by its name


def mapped(day: date, *starts: str) -> list[str]:
    """The version of the level of enrolments that begin on those days, mapped on a business day."""
    rows = [
        {
            "fiche": str(1000 + at), "id_eco": "1", "statut_don_an": "A", "ordre_ens": "3", "cycle_ref": "1",
            "annee_cycle_ref": "1", "classe": "A", "grp_rep": "101", "date_deb": start, "date_depart": None,
            "motif_depart": None,
        }
        for at, start in enumerate(starts)
    ]  # fmt: skip
    school = {
        "id_eco": "1", "org": "762000", "annee": "2025", "eco": "010", "eco_off": "762010", "cat_eco": "PRI",
        "nom_eco": "École", "indic_eco_bidon": None,
    }  # fmt: skip
    text = pl.String
    found = compiler.run(
        loader.load("gpi/enrolment@1"),
        {
            "gpm_e_dan": pl.DataFrame(rows, schema=dict.fromkeys(rows[0], text)),
            "gpm_t_eco": pl.DataFrame([school], schema=dict.fromkeys(school, text)),
        },
        system="gpi@762000",
        organization="762000",
        day=day,
    )

    assert [] == found.rejects.to_dicts()
    return [json.loads(document)["level"]["version"] for document in found.documents["document"]]


def test_each_record_is_coded_by_the_list_of_its_own_day(followed: Path) -> None:  # noqa: F811
    assert ["2024-07-01", "2024-07-01", "2026-01-01"] == mapped(
        date(2026, 2, 16), "2023-08-28", "2025-12-31", "2026-01-01"
    )


def test_the_business_day_changes_nothing_for_a_record_that_has_its_own(followed: Path) -> None:  # noqa: F811
    assert ["2024-07-01", "2026-01-01"] == mapped(date(2025, 9, 30), "2025-08-28", "2026-01-05")
