"""Measures the engine on GPI's wide rows: documents a second on one core. Run by hand.

``POLARS_MAX_THREADS=1 python tests/mappings/bench.py [rows]``
"""

import random
import resource
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import polars as pl

from mappings.engine import compiler, loader

MAPPING = loader.load("gpi/course_result")


def streams(rows: int) -> dict[str, pl.DataFrame]:
    """Invented rows: three filled steps of thirty, one row in five inactive, one mark in thirty a code."""
    rng = random.Random(1)
    codes = ("132506", "063226", "FRA600")
    main: dict[str, list[str | None]] = {
        "id_mat_ele": [str(number) for number in range(rows)],
        "fiche": [str(1000 + number // 6) for number in range(rows)],
        "id_eco": [rng.choice(("4000", "4001", "4002")) for _ in range(rows)],
        "mat": [rng.choice(codes) for _ in range(rows)],
        "grp": [rng.choice(("01", "R01")) for _ in range(rows)],
        "etat": [rng.choice("01158") for _ in range(rows)],
        "res_som": [None] * rows,
    }
    for step in range(1, 31):
        main[f"res_etape_{step:02d}"] = [
            (str(rng.randint(12, 100)) if rng.random() < 0.97 else "ABS") if step <= 3 else None
            for _ in range(rows)
        ]
    schools = ("4000", "4001", "4002")
    eco = {
        "id_eco": schools,
        "org": ["762000"] * 3,
        "annee": ["2025"] * 3,
        "eco": ["010", "011", "012"],
        "eco_off": ["762010", "762011", "762012"],
        "cat_eco": ["SEC"] * 3,
        "nom_eco": ["École"] * 3,
        "indic_eco_bidon": [None] * 3,
    }
    courses = [(school, code, "Titre", "4") for school in schools for code in codes]
    return {
        "gpm_e_mat_ele": pl.DataFrame(main, schema=dict.fromkeys(main, pl.String)),
        "gpm_t_eco": pl.DataFrame(eco, schema=dict.fromkeys(eco, pl.String)),
        "gpm_t_mat": pl.DataFrame(courses, schema=["id_eco", "mat", "descr", "unites"], orient="row"),
    }


def main() -> None:
    """Print the figures of three runs."""
    given = streams(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000)
    for _ in range(3):
        started, used = time.perf_counter(), time.process_time()
        mapped = compiler.run(
            MAPPING, given, system="gpi@762000", organization="762000", day=date(2026, 2, 16)
        )
        wall, core = time.perf_counter() - started, time.process_time() - used
        documents = mapped.documents.height
        line = f"{documents} documents, {documents / wall:,.0f}/s, {documents / core:,.0f}/s of one core"
        print(line)  # noqa: T201 - a script for people
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")  # noqa: T201


if __name__ == "__main__":
    main()
