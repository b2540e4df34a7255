"""The table box → element path of one tax year. Refuses a year without table and a value without place.

The tag names of the RL-24 are not public: the shipped table is `inferred`, a site may replace it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from canonical_model.errors import ConfigurationError
from gateway.billing import files

SHIPPED = Path(__file__).with_name("boxes")
SLIP = (
    "year", "number", "sin", "payer_number", "family_name", "given_name", "address_1", "address_2", "city",
    "province", "postal_code", "children", "previous_number",
)  # fmt: skip
CHILD = ("family_name", "given_name", "birth_date", "days", "c", "d", "e")
TOTAL = (
    "year", "count", "identification", "file_type", "file", "neq", "name_1", "name_2", "address_1",
    "address_2", "city", "province", "postal_code",
)  # fmt: skip
_HEAD = ("form", "year", "status", "namespace", "schema_version", "group", "slips_per_file")
_PATH = r"^[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*$"


@dataclass(frozen=True, slots=True)
class Boxes:
    """Where each value goes, in document order. `confirmed`: the site has that year's official schema."""

    year: int
    confirmed: bool
    namespace: str
    schema_version: str
    group: str
    slips_per_file: int
    slip: Mapping[str, str]
    child: Mapping[str, str]
    total: Mapping[str, str]


def boxes(year: int, site: Path | None = None) -> Boxes:
    """The table of a tax year, the site's own before the shipped one."""
    name = f"rl24.{year}.yaml"
    own = site / "boxes" / name if site is not None else None
    path = own if own is not None and own.is_file() else SHIPPED / name
    if not path.is_file():
        raise ConfigurationError(
            f"boxes/{name}: no table of the RL-24 for that tax year. Add it to the site's folder boxes/.",
            f"boxes/{name} : aucune table du RL-24 pour cette année. Ajoutez-la au dossier boxes/ du site.",
        )
    return _read(path, year)


def _read(path: Path, year: int) -> Boxes:
    data = files.load(path)
    files.only(path, data, (*_HEAD, "slip", "child", "total"))
    if (data.get("form"), data.get("year")) != ("RL-24", str(year)):
        raise files.wrong(
            path, "`form` and `year` must repeat the name", "`form` et `year` doivent reprendre le nom"
        )
    return Boxes(
        year=year,
        confirmed=files.text(path, data, "status", "^(inferred|confirmed)$") == "confirmed",
        namespace=files.text(path, data, "namespace"),
        schema_version=files.text(path, data, "schema_version"),
        group=files.text(path, data, "group", _PATH),
        slips_per_file=int(files.text(path, data, "slips_per_file", r"^[1-9]\d{0,4}$")),
        slip=_paths(path, files.table(path, data, "slip"), SLIP),
        child=_paths(path, files.table(path, data, "child"), CHILD),
        total=_paths(path, files.table(path, data, "total"), TOTAL),
    )


def _paths(path: Path, written: Mapping[str, str], known: tuple[str, ...]) -> Mapping[str, str]:
    """Name → element path, in the order of the file, which is that of the document."""
    files.only(path, written, known)
    if missing := [name for name in known if name not in written]:
        raise files.wrong(path, f"no element for {missing[0]!r}", f"aucun élément pour {missing[0]!r}")
    return {name: files.text(path, written, name, _PATH) for name in written}
