"""The names of a stream's files, from one pattern. Refuses a placeholder that it does not know.

ELEVES_{day}.csv                 the business day, 2026-02-16 or 20260216
GEO_{organization}_{school_year}.zip
DEMANDES_{organization}_{key}.txt     outbound: the delivery's key
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from canonical_model.errors import ConfigurationError

_HOLE = re.compile(r"\{(\w+)\}")
_DAY = r"(?P<day>\d{4}-\d{2}-\d{2}|\d{8})"


@dataclass(frozen=True, slots=True)
class NamePattern:
    """`text` as the manifest says it, `values` of the placeholders other than the day. `place` for messages."""

    text: str
    place: str
    values: Mapping[str, str]

    def __post_init__(self) -> None:
        holes = _HOLE.findall(self.text)
        if unknown := [hole for hole in holes if hole != "day" and hole not in self.values]:
            known = ", ".join(("day", *self.values))
            raise ConfigurationError(
                f"{self.place}: {{{unknown[0]}}} in the file's name is unknown. Write one of: {known}.",
                f"{self.place} : {{{unknown[0]}}} dans le nom du fichier est inconnu. Écrivez : {known}.",
            )
        if holes.count("day") > 1:
            raise ConfigurationError(
                f"{self.place}: {{day}} comes twice in the file's name. Write it once.",
                f"{self.place} : {{day}} revient deux fois dans le nom du fichier. Écrivez-le une fois.",
            )

    def day_of(self, name: str) -> str | None:
        """The day in a file's name as yyyy-mm-dd, empty for a pattern without one; None: not of this pattern."""
        parts = _HOLE.split(self.text)
        pattern = "".join(
            re.escape(part) if index % 2 == 0 else _DAY if part == "day" else re.escape(self.values[part])
            for index, part in enumerate(parts)
        )
        match = re.fullmatch(pattern, name, re.IGNORECASE)
        if match is None:
            return None
        digits = match.groupdict().get("day", "").replace("-", "")
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if digits else ""

    def newest(self, names: Iterable[str], day: date) -> str | None:
        """The file of `day`, or of the last day before it that has one."""
        found = [
            (said, name)
            for name in names
            if (said := self.day_of(name)) is not None and said <= day.isoformat()
        ]
        return max(found)[1] if found else None
