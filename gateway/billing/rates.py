"""The law's dated caps and tax classes of school daycare. Refuses a day that no file covers.

A file is `childcare.<day it starts>.yaml`; the site's folder `rates/` may replace one by the same
name or add a newer one. A day is read by the file in force on *its* date: one tax year uses two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Literal, get_args

from canonical_model.errors import ConfigurationError
from gateway.billing import files

TaxClass = Literal["non_eligible", "above_class_cap", "eligible"]
SHIPPED = Path(__file__).with_name("rates")
CAPPED = ("class_day", "pedagogical_day", "extra_hour")
_STEP = Decimal("0.05")
_KNOWN = ("rates", "from", "verified", "source", "caps", "tax_classes")


@dataclass(frozen=True, slots=True)
class LegalRates:
    """One dated file. `verified` False: the figures are to be confirmed, and every report says so."""

    since: date
    verified: bool
    caps: Mapping[str, Decimal]
    tax_classes: Mapping[str, TaxClass]


def indexed(amount: Decimal) -> Decimal:
    """To the nearest five cents, a tie upward: how the law rounds an indexed cap."""
    return (amount / _STEP).quantize(Decimal(1), ROUND_HALF_UP) * _STEP


def legal(site: Path | None = None) -> tuple[LegalRates, ...]:
    """Every version, oldest first; a site's file replaces the shipped one of its name."""
    paths = {path.name: path for path in SHIPPED.glob("childcare.*.yaml")}
    if site is not None:
        paths |= {path.name: path for path in (site / "rates").glob("childcare.*.yaml")}
    return tuple(_read(paths[name]) for name in sorted(paths))


def in_force(versions: tuple[LegalRates, ...], day: date) -> LegalRates:
    """The version of that day. Raises ConfigurationError for a day before all of them."""
    held = [version for version in versions if version.since <= day]
    if not held:
        raise ConfigurationError(
            f"rates/childcare: no file covers {day}. Add the caps of that school year.",
            f"rates/childcare : aucun fichier ne couvre le {day}. Ajoutez les plafonds de cette année.",
        )
    return held[-1]


def _read(path: Path) -> LegalRates:
    data = files.load(path)
    files.only(path, data, _KNOWN)
    since = files.day(path, files.text(path, data, "from"))
    if path.name != f"childcare.{since}.yaml" or data.get("rates") != "childcare":
        raise files.wrong(
            path, "the name must repeat `rates` and `from`", "le nom doit reprendre `rates` et `from`"
        )
    written = files.table(path, data, "caps")
    files.only(path, written, CAPPED)
    caps = {name: files.amount(path, written, name) for name in CAPPED}
    for name, cap in caps.items():
        if indexed(cap) != cap:
            raise files.wrong(
                path, f"caps.{name} is not a multiple of 0.05", f"caps.{name} n'est pas un multiple de 0,05"
            )
    classes = files.table(path, data, "tax_classes")
    for name, found in classes.items():
        if found not in get_args(TaxClass):
            raise files.wrong(
                path,
                f"tax_classes.{name} is not a tax class",
                f"tax_classes.{name} n'est pas une classe fiscale",
            )
    verified = files.text(path, data, "verified", "^(true|false)$") == "true"
    return LegalRates(since, verified, caps, dict(classes))
